//! What the XML promises: a real parser reads it, and finds in it what the report holds.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use wiretape_check::Severity;

use crate::made;

/// Reads XML, and prints what it holds as JSON.
const READ: &str = r"
import json, sys, xml.etree.ElementTree as xml
root = xml.fromstring(sys.stdin.buffer.read())
def told(node):
    return {'tag': node.tag, 'text': node.text or '', **{'@' + k: v for k, v in node.attrib.items()}, 'in': [told(n) for n in node]}
print(json.dumps(told(root)))
";

/// As Python's own parser reads it; `None`, and said so, where there is no Python.
fn parsed(xml: &str) -> Option<Value> {
    let child = Command::new("python3")
        .args(["-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: python3 is not there, and reads no XML");
        return None;
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(xml.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{xml}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn list(value: &Value) -> &[Value] {
    value["in"].as_array().unwrap()
}

#[test]
fn suites_are_tapes_and_tests_are_classes() {
    let report = made::report(40);
    for fail_on in Severity::ALL {
        let Some(root) = parsed(&report.junit(fail_on)) else {
            return;
        };
        assert_eq!(list(&root).len(), report.plan.tapes.len());
        let (mut tests, mut failures, mut skipped) = (0, 0, 0);
        for (suite, tape) in list(&root).iter().zip(&report.plan.tapes) {
            assert_eq!(suite["@name"], tape.name);
            let inside = |tag: &str| {
                let cases = list(suite).iter().flat_map(list);
                cases.filter(|node| node["tag"] == tag).count()
            };
            assert_eq!(suite["@tests"], list(suite).len().to_string());
            assert_eq!(suite["@failures"], inside("failure").to_string());
            assert_eq!(suite["@skipped"], inside("skipped").to_string());
            tests += list(suite).len();
            failures += inside("failure");
            skipped += inside("skipped");
        }
        assert_eq!(root["@tests"], tests.to_string());
        assert_eq!(root["@failures"], failures.to_string());
        assert_eq!(root["@skipped"], skipped.to_string());
        let mut bad: Vec<(&str, &str)> = report
            .findings
            .iter()
            .filter(|group| group.severity >= fail_on)
            .map(|group| (group.tape.as_str(), group.class.as_str()))
            .collect();
        bad.sort_unstable();
        bad.dedup();
        assert_eq!(failures, bad.len(), "{fail_on}");
        assert!(failures > 0 && skipped > 0);
    }
}

#[test]
fn every_character_can_be_written() {
    // Every one of the first plane that a text can hold, and one beyond.
    let all: String = ('\0'..='\u{ffff}').chain(['😀']).collect();
    let mut report = made::hostile("</failure><!-- ]]> &amp; \"'");
    report.findings[0].example.finding.seen = all.clone();
    let Some(root) = parsed(&report.junit(Severity::Note)) else {
        return;
    };
    let tests = list(&list(&root)[0]);
    let failure = tests
        .iter()
        .flat_map(list)
        .find(|node| node["tag"] == "failure")
        .unwrap();
    let readable = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let kept = |text: &str| text.chars().filter(readable).collect::<String>();
    for text in [&failure["@message"], &failure["text"]] {
        let text = text.as_str().unwrap();
        assert!(text.contains("\t\n"), "tab and line end stay");
        assert!(text.contains('␛'), "a control character has a picture");
        let (from, to) = (kept(&all), kept(text).replace('\u{fffd}', ""));
        // What was replaced stands there as a picture or as U+FFFD.
        let from = from.replace('\u{fffd}', "");
        let to: String = to.chars().filter(|c| !('␀'..='␡').contains(c)).collect();
        let from: String = from.chars().filter(|c| !('␀'..='␡').contains(c)).collect();
        assert!(to.contains(&from), "every other character is as it was");
    }
    let name = "</failure><!-- ]]> &amp; \"'";
    assert_eq!(list(&root)[0]["@name"], name);
}
