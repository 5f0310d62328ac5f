//! The catalogue as JSON, a line for each class.

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_vary::classes::{self, Class, Preset};
use wiretape_vary::{Outcome, Script};

use super::example::{Case, Example};
use super::profiles;
use crate::Io;
use crate::exit::Fault;

pub(super) fn list(
    shown: &[&Class],
    dialects: &[Dialect],
    preset: Option<&Preset>,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    for class in shown {
        let mut line = head(class, dialects);
        if let (Some(preset), Some(map)) = (preset, line.as_object_mut()) {
            let own = preset.forms.iter().filter(|(id, _)| *id == class.id);
            let forms: Vec<&str> = own
                .map(|(_, form)| *form)
                .filter(|form| !form.is_empty())
                .collect();
            map.insert(
                "preset".into(),
                json!({ "name": preset.name, "forms": forms }),
            );
        }
        writeln!(io.out, "{line}")?;
    }
    Ok(())
}

/// What the table says of a class.
fn head(class: &Class, dialects: &[Dialect]) -> Value {
    let standing = |dialect: &Dialect| {
        let said = match class.backing(dialect.name()) {
            Ok(backing) => json!({
                "standing": backing.standing.name(),
                "evidence": backing.evidence,
            }),
            Err(why) => json!({ "cannot": why }),
        };
        (dialect.name().to_owned(), said)
    };
    let standings: serde_json::Map<String, Value> = dialects.iter().map(standing).collect();
    let presets = classes::presets().iter().filter(|preset| preset.has(class));
    let presets: Vec<&str> = presets.map(|preset| preset.name).collect();
    json!({
        "id": class.id,
        "name": class.name,
        "kind": class.kind.name(),
        "group": class.group.name(),
        "title": class.title,
        "dialects": standings,
        "profiles": profiles(class, dialects),
        "presets": presets,
    })
}

pub(super) fn explain(
    class: &Class,
    dialects: &[Dialect],
    examples: &[Example],
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let mut line = head(class, dialects);
    let forms: Vec<Value> = class
        .forms()
        .map(|(name, kind)| json!({ "name": name, "kind": kind.name() }))
        .collect();
    if let Some(map) = line.as_object_mut() {
        for (key, value) in [
            ("wire", json!(class.wire)),
            ("naive", json!(class.naive)),
            ("right", json!(class.right)),
            ("permits", json!(class.permits)),
            ("sources", json!(class.source)),
            ("forms", json!(forms)),
            ("examples", examples.iter().map(example).collect()),
        ] {
            map.insert(key.into(), value);
        }
    }
    writeln!(io.out, "{line}")?;
    Ok(())
}

fn example(example: &Example) -> Value {
    let dialect = &example.dialect;
    let text = |script: &Script| String::from_utf8_lossy(script.body()).into_owned();
    match &example.case {
        Err(why) => json!({ "dialect": dialect, "none": why }),
        Ok(Case {
            before,
            after,
            pieces,
        }) => {
            let permits: Vec<&str> = after.permits.iter().copied().map(Outcome::name).collect();
            json!({
                "dialect": dialect,
                "pieces": pieces,
                "permits": permits,
                "before": text(before),
                "after": text(after),
                "chunks": [before.steps().len(), after.steps().len()],
                "end": [before.end, after.end],
            })
        }
    }
}
