//! A report as `JUnit`'s XML, which every CI system shows.

use std::fmt::Write;

use super::{Group, Report, UNTOUCHED};
use crate::Severity;
use crate::words::count;

impl Report {
    /// A suite for each tape, and in it a test for each class that was tried or was not. A test
    /// fails where a finding is of the severity `fail_on` or worse; what is milder is told in its
    /// output.
    #[must_use]
    pub fn junit(&self, fail_on: Severity) -> String {
        let mut suites = String::new();
        let (mut tests, mut failures, mut skipped) = (0, 0, 0);
        for tape in &self.plan.tapes {
            let cases = self.cases_of(&tape.name, fail_on);
            let number = |outcome: Outcome| {
                let cases = cases.iter().filter(|case| case.outcome == outcome);
                cases.count()
            };
            let (failed, left_out) = (number(Outcome::Failed), number(Outcome::Skipped));
            tests += cases.len();
            failures += failed;
            skipped += left_out;
            let all = cases.len();
            let name = escaped(&tape.name);
            put(
                &mut suites,
                &format!(
                    "  <testsuite name=\"{name}\" tests=\"{all}\" failures=\"{failed}\" \
                     errors=\"0\" skipped=\"{left_out}\">\n"
                ),
            );
            for case in &cases {
                put(&mut suites, &case.xml);
            }
            put(&mut suites, "  </testsuite>\n");
        }
        let took = self.parts.iter().map(|part| part.elapsed_ns);
        let took_ms = took.fold(0, u64::saturating_add) / 1_000_000;
        let (s, ms) = (took_ms / 1_000, took_ms % 1_000);
        let client = escaped(&self.plan.client.join(" "));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites name=\"wiretape check: {client}\" tests=\"{tests}\" \
             failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{s}.{ms:03}\">\n\
             {suites}</testsuites>\n"
        )
    }

    fn cases_of(&self, tape: &str, fail_on: Severity) -> Vec<Case> {
        let mut ids = vec![UNTOUCHED];
        let tried = self.counts.iter().filter(|count| count.tape == tape);
        ids.extend(tried.map(|count| count.class.as_str()));
        let not_tried = self.not_tried.iter().filter(|one| one.tape == tape);
        ids.extend(not_tried.map(|one| one.class.as_str()));
        let found = self.findings.iter().filter(|group| group.tape == tape);
        ids.extend(found.map(|group| group.class.as_str()));
        ids.sort_unstable_by_key(|id| super::class_order(id));
        ids.dedup();
        let cases = ids.into_iter().map(|id| self.case(id, tape, fail_on));
        cases.collect()
    }

    fn case(&self, id: &str, tape: &str, fail_on: Severity) -> Case {
        let mut groups: Vec<&Group> = self.worst_first();
        groups.retain(|group| group.class == id && group.tape == tape);
        let (bad, mild): (Vec<&Group>, Vec<&Group>) = groups
            .into_iter()
            .partition(|group| group.severity >= fail_on);
        let name = match self.class(id) {
            _ if id == UNTOUCHED => "the untouched tape".into(),
            Some(class) => format!("{id} {}", class.name),
            None => id.into(),
        };
        let mut body = String::new();
        let tried = self
            .counts
            .iter()
            .any(|count| count.class == id && count.tape == tape);
        let mut not_tried = self.not_tried.iter();
        let why = not_tried.find(|one| one.class == id && one.tape == tape);
        let outcome = if let Some(worst) = bad.first() {
            let codes: Vec<&str> = bad.iter().map(|group| group.code.name()).collect();
            let message = format!("{}: {}", codes.join(", "), worst.example.finding.seen);
            let text: String = bad.iter().map(|group| told(group)).collect();
            put(
                &mut body,
                &format!(
                    "      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                    escaped(worst.code.name()),
                    escaped(&message),
                    content(&text)
                ),
            );
            Outcome::Failed
        } else if let (Some(why), false) = (why, tried) {
            let why = escaped(&why.why);
            put(&mut body, &format!("      <skipped message=\"{why}\"/>\n"));
            Outcome::Skipped
        } else {
            Outcome::Passed
        };
        if !mild.is_empty() {
            let text: String = mild.iter().map(|group| told(group)).collect();
            let text = content(&text);
            put(
                &mut body,
                &format!("      <system-out>{text}</system-out>\n"),
            );
        }
        let head = format!(
            "    <testcase classname=\"{}\" name=\"{}\"",
            escaped(tape),
            escaped(&name)
        );
        let xml = match body.is_empty() {
            true => format!("{head}/>\n"),
            false => format!("{head}>\n{body}    </testcase>\n"),
        };
        Case { outcome, xml }
    }
}

/// A test, written.
struct Case {
    outcome: Outcome,
    xml: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

fn put(text: &mut String, more: &str) {
    text.push_str(more);
}

/// A finding as text.
fn told(group: &Group) -> String {
    let (example, finding) = (&group.example, &group.example.finding);
    let mut text = format!(
        "{} ({}), {}\n  expected: {}\n  seen: {}\n",
        group.code,
        group.severity,
        count(group.cases, "case", "cases"),
        finding.expected,
        finding.seen
    );
    if let Some(difference) = &finding.difference {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  difference: {difference}");
    }
    for line in &example.explain {
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "  repeat: {}", example.repeat);
    text
}

/// The text as an element's content: its lines stay lines.
fn content(text: &str) -> String {
    escaped(text).replace("&#10;", "\n")
}

/// The text as XML 1.0 may hold it, in content and in attributes. What XML has no way to write
/// becomes its picture, or U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // As they stand, an attribute's would become spaces, and a CR an LF.
            '\t' | '\n' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            '\0'..='\x1f' => {
                escaped.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'));
            }
            '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
