//! What the reader makes of every tape, as snapshots.

use wiretape_core::{Options, Transcript, read};

use crate::support::tapes;

#[test]
fn transcripts() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, loaded) in tapes() {
        let read = |subject: wiretape::Subject<'_>| {
            Transcript::of(&read(subject.dialect, Options::default(), &subject.body))
        };
        let transcripts: Vec<_> = loaded
            .subjects()
            .map(|subject| read(subject.unwrap()))
            .collect();
        let snapshot = format!(
            "golden__{}",
            name.trim_end_matches(".tape").replace('/', "__")
        );
        let note = loaded.tape.header.source.note.clone().unwrap_or_default();
        settings.set_description(note);
        settings.bind(|| match transcripts.as_slice() {
            [one] => insta::assert_json_snapshot!(snapshot, one),
            all => insta::assert_json_snapshot!(snapshot, all),
        });
    }
}
