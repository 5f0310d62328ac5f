//! What the study of real clients found, in a few deliveries that are run each time: a newer version that does
//! otherwise is seen here, and `README.md` has the whole.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use wiretape_check::Code;
use wiretape_tape::EndKind;
use wiretape_vary::{Piece, Scenario};

use crate::examples::{installed, missing};
use crate::ran::{Check, named, plan};

/// A client of `tests/clients`, and what is found of it.
struct Studied {
    name: &'static str,
    part: &'static str,
    sdk: &'static str,
    folder: &'static str,
    /// With a byte order mark in front of a reply of text, and of one with a call (F-07).
    marked: &'static [Code],
    /// A reply of text that ends in its middle as if it were whole (F-31).
    halved: &'static [Code],
}

/// Takes the half of a reply for the whole.
const CUT: &[Code] = &[Code::TruncationAccepted];

const STUDIED: [Studied; 9] = [
    studied(
        "python_anthropic",
        "python",
        "anthropic",
        &[Code::ErrorOnLawful],
        CUT,
    ),
    studied("python_openai", "python", "openai", &[Code::ToolLost], CUT),
    studied("node_anthropic", "node", "anthropic", &[], &[]),
    studied("node_openai", "node", "openai", &[], &[]),
    studied("node_ai_anthropic", "node", "ai-anthropic", &[], CUT),
    studied("node_ai_openai", "node", "ai-openai", &[], CUT),
    studied(
        "rust_async_openai",
        "rust",
        "async-openai",
        &[Code::ToolLost, Code::TextDiffers],
        CUT,
    ),
    studied("rust_genai_anthropic", "rust", "genai-anthropic", &[], &[]),
    studied("rust_genai_openai", "rust", "genai-openai", &[], &[]),
];

const fn studied(
    name: &'static str,
    part: &'static str,
    sdk: &'static str,
    marked: &'static [Code],
    halved: &'static [Code],
) -> Studied {
    // `anthropic`, `ai-anthropic`, `genai-anthropic`.
    let anthropic = matches!(sdk.as_bytes(), [.., b'p', b'i', b'c']);
    Studied {
        name,
        part,
        sdk,
        folder: if anthropic {
            "anthropic"
        } else {
            "openai-chat"
        },
        marked,
        halved,
    }
}

impl Studied {
    fn command(&self) -> Option<Vec<OsString>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let installed = installed().join(self.part);
        let (program, script) = match self.part {
            "python" => (
                installed.join("bin/python"),
                Some(here.join("python/worker.py")),
            ),
            "node" => ("node".into(), Some(installed.join("worker.mjs"))),
            _ => (installed.join("clients"), None),
        };
        let there = if self.part == "node" {
            script.as_ref()?
        } else {
            &program
        };
        if !there.exists() {
            missing(self.name);
            return None;
        }
        let words = [Some(program), script].into_iter().flatten();
        let mut command: Vec<OsString> = words.map(Into::into).collect();
        command.push(self.sdk.into());
        Some(command)
    }

    fn codes(&self, command: &[OsString], tape: &str, pieces: Vec<Piece>) -> BTreeSet<Code> {
        let mut plan = plan(wiretape_vary::Profile::Plain, 1);
        plan.scenario = Some(Scenario::of(pieces));
        let tape = format!("{}/{tape}.tape", self.folder);
        let ran = Check::of(command.to_vec(), &[&tape], plan).run();
        for baseline in &ran.baselines {
            assert_eq!(baseline.findings, [], "{}: {tape}", self.name);
        }
        ran.codes()
    }
}

#[test]
fn real_clients_do_what_the_study_says() {
    let mut wrong = Vec::new();
    for client in &STUDIED {
        let Some(command) = client.command() else {
            continue;
        };
        let mut marked = client.codes(&command, "text", vec![Piece::Bom {}]);
        marked.extend(client.codes(&command, "small-tool", vec![Piece::Bom {}]));
        let text = named(&[&format!("{}/text.tape", client.folder)]);
        let half = text[0].tape.exchanges[0].body().len() / 2;
        let cut = Piece::Cut {
            at: half,
            end: EndKind::Complete,
        };
        let halved = client.codes(&command, "text", vec![cut]);
        let [want_marked, want_halved] =
            [client.marked, client.halved].map(|codes| codes.iter().copied().collect());
        if (&marked, &halved) != (&want_marked, &want_halved) {
            wrong.push(format!("{}: {marked:?}, {halved:?}", client.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
