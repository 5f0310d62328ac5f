//! Tapes from files: what a stranger sees who does it wrong.

use std::fs;
use std::path::PathBuf;

use wiretape::{FromFile, LoadError, Tape};

/// A file that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wiretape-kit-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn message(name: &str, text: &str) -> String {
    let file = Scratch::new(name, text);
    Tape::load(&file.0).unwrap_err().to_string()
}

#[test]
fn a_tape_loads_by_its_path_and_a_bare_body_too() {
    let tape = Tape::load("../recordings/anthropic/text.tape").unwrap();
    assert_eq!(tape.header.dialect.as_deref(), Some("anthropic"));
    let bare = Scratch::new("bare.sse", "data: {\"choices\":[]}\n\ndata: [DONE]\n\n");
    let tape = Tape::load(&bare.0).unwrap();
    assert_eq!(tape.exchanges[0].body().len(), 36);
    // A tape of a dialect that is not read here can still be played.
    let header = "{\"wiretape\":1,\"dialect\":\"smoke-signals\",\"source\":{\"kind\":\"bare\"},\"exact\":true}\n";
    let response = "{\"response\":0,\"after_ns\":0,\"status\":200,\"headers\":[]}\n";
    let sha256 = wiretape_tape::sha256_hex(b"puff");
    let end = format!(
        "[0,1,\"puff\"]\n{{\"end\":0,\"after_ns\":0,\"kind\":\"complete\",\"bytes\":4,\"sha256\":\"{sha256}\"}}\n"
    );
    let smoke = Scratch::new("smoke.tape", &(header.to_owned() + response + &end));
    let tape = Tape::load(&smoke.0).unwrap();
    assert_eq!(tape.exchanges[0].body(), b"puff");
}

#[test]
fn a_compressed_body_is_no_subject() {
    let text = fs::read_to_string("../recordings/anthropic/small-tool.tape").unwrap();
    let head = "[\"content-type\",";
    assert!(text.contains(head));
    let coded = text.replace(head, "[\"Content-Encoding\",\"gzip\"],[\"content-type\",");
    let file = Scratch::new("coded.tape", &coded);
    let loaded = wiretape::load(&file.0, None).unwrap();
    let error = loaded.subjects().next().unwrap().unwrap_err().to_string();
    assert!(
        error.contains("coded.tape#0: its body is compressed (gzip)"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_loaded_says_where_it_was_looked_for() {
    let error = Tape::load("recordings/no-such.tape").unwrap_err();
    let LoadError::Absent(path, folder) = &error else {
        panic!("{error}");
    };
    assert_eq!(path, &PathBuf::from("recordings/no-such.tape"));
    assert_eq!(folder, &std::env::current_dir().unwrap());
    let said = error.to_string();
    assert!(
        said.contains("no such file in ") && said.contains("tests"),
        "{said}"
    );

    let torn = fs::read_to_string("../recordings/anthropic/text.tape").unwrap();
    let said = message("torn.tape", &torn[..torn.len() - 20]);
    assert!(said.contains("torn after"), "{said}");
    assert!(
        said.contains("`wiretape::load` reads what is there"),
        "{said}"
    );

    let said = message("empty.tape", "");
    assert!(said.contains("an empty file, expected a tape"), "{said}");
    let said = message("prose.tape", "Once upon a time\n");
    assert!(said.contains("line 1 is nothing"), "{said}");
}
