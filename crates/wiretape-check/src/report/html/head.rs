//! The page's begin: who was checked, and what came of it.

use super::{Page, escaped, sign};
use crate::Severity;
use crate::report::{BaselineState, Report};
use crate::words::{count, duration, grouped};

/// Two reels and a tape.
const LOGO: &str = "<svg class=\"logo\" viewBox=\"0 0 40 24\" width=\"40\" height=\"24\" aria-hidden=\"true\">\
<rect x=\"1\" y=\"1\" width=\"38\" height=\"22\" rx=\"5\"/>\
<circle cx=\"12\" cy=\"11\" r=\"5\"/><circle cx=\"28\" cy=\"11\" r=\"5\"/>\
<path d=\"M12 16h16M12 8v6M9 11h6M28 8v6M25 11h6\"/></svg>";

pub(super) fn put(report: &Report, page: &mut Page) {
    page.put("<header>\n<div class=\"top\">");
    page.put(LOGO);
    page.put("<span class=\"brand\">wiretape</span><nav aria-label=\"On this page\">");
    page.put("<a href=\"#matrix\">Matrix</a><a href=\"#findings\">Findings</a>");
    page.put("<a href=\"#plan\">Plan</a></nav></div>\n");
    page.put("<h1>A verdict on <code>");
    page.text(&report.plan.client.join(" "));
    page.put("</code></h1>\n");
    verdict(report, page);
    tiles(report, page);
    notices(report, page);
    page.put("</header>\n");
}

fn verdict(report: &Report, page: &mut Page) {
    let (tried, found) = (report.tried(), report.found().sum());
    let classes = classes(report);
    let tapes = report.plan.tapes.len() as u64;
    let over = format!(
        "{} of {} on {}",
        count(tried, "delivery", "deliveries"),
        count(classes, "class", "classes"),
        count(tapes, "tape", "tapes")
    );
    let notes = report.found().note;
    let more = match notes {
        0 => String::new(),
        1 => " 1 more is worth a note.".into(),
        n => format!(" {} more are worth a note.", grouped(n)),
    };
    let text = match (report.worst(), found.saturating_sub(notes)) {
        _ if tried == 0 => "Nothing was tried.".into(),
        (None, _) => format!("Nothing was found in {over}."),
        (Some(_), 0) => format!("None of {over} goes wrong.{more}"),
        (Some(_), 1) => format!("<strong>1</strong> of {over} goes wrong.{more}"),
        (Some(_), n) => format!("<strong>{}</strong> of {over} go wrong.{more}", grouped(n)),
    };
    page.put(&format!("<p class=\"verdict\">{text}</p>\n"));
}

/// Classes of which a case was tried.
pub(super) fn classes(report: &Report) -> u64 {
    let tried = report.counts.iter().filter(|count| count.tried > 0);
    let mut classes: Vec<&str> = tried.map(|count| count.class.as_str()).collect();
    classes.dedup();
    classes.len() as u64
}

fn tiles(report: &Report, page: &mut Page) {
    let found = report.found();
    page.put("<ul class=\"tiles\">\n");
    for severity in Severity::ALL.into_iter().rev() {
        let n = found.of(severity);
        let none = if n == 0 { " none" } else { "" };
        page.put(&format!(
            "<li class=\"tile {severity}{none}\"><span class=\"big\">{}</span> \
             <span class=\"what\"><span aria-hidden=\"true\">{}</span> {severity}</span></li>\n",
            grouped(n),
            sign(severity)
        ));
    }
    let clean = report.tried().saturating_sub(found.sum());
    page.put(&format!(
        "<li class=\"tile clean\"><span class=\"big\">{}</span> \
         <span class=\"what\"><span aria-hidden=\"true\">✓</span> as it should be</span></li>\n</ul>\n",
        grouped(clean)
    ));
    bar(report, page);
}

/// How much of the whole each severity is; the tiles say it in numbers.
fn bar(report: &Report, page: &mut Page) {
    let tried = report.tried();
    if tried == 0 {
        return;
    }
    let found = report.found();
    page.put("<svg class=\"share\" width=\"100%\" height=\"8\" aria-hidden=\"true\">");
    let mut from = 0_u64;
    let worst_first = Severity::ALL.into_iter().rev();
    let parts = worst_first.map(|severity| (severity.name(), found.of(severity)));
    let clean = ("clean", tried.saturating_sub(found.sum()));
    for (name, n) in parts.chain([clean]) {
        let share = |n: u64| u64::try_from(u128::from(n) * 10_000 / u128::from(tried)).unwrap_or(0);
        let (x, to) = (share(from), share(from + n));
        let width = to.saturating_sub(x);
        if width > 0 {
            page.put(&format!(
                "<rect class=\"{name}\" x=\"{}.{:02}%\" width=\"{}.{:02}%\" height=\"8\"/>",
                x / 100,
                x % 100,
                width / 100,
                width % 100
            ));
        }
        from += n;
    }
    page.put("</svg>\n");
}

/// What makes the verdict less than it seems.
fn notices(report: &Report, page: &mut Page) {
    let mut notices: Vec<String> = Vec::new();
    let list = |shards: Vec<u32>| {
        let numbers: Vec<String> = shards.iter().take(20).map(ToString::to_string).collect();
        let more = if shards.len() > 20 { ", …" } else { "" };
        format!("{}{more}", numbers.join(", "))
    };
    let of = report.parts.first().map_or(0, |part| part.of);
    let missing = report.missing();
    if !missing.is_empty() {
        notices.push(format!(
            "Not the whole: of {of} shards, these are missing: {}.",
            list(missing)
        ));
    }
    let unfinished = report.parts.iter().filter(|part| !part.finished);
    let unfinished: Vec<u32> = unfinished.map(|part| part.shard).collect();
    if !unfinished.is_empty() {
        notices.push(match of {
            1 => "Not the whole: the campaign was interrupted.".into(),
            _ => format!(
                "Not the whole: shards that were interrupted: {}.",
                list(unfinished)
            ),
        });
    }
    for baseline in &report.baselines {
        let says = match baseline.state {
            BaselineState::Stable => continue,
            BaselineState::Fails => "fails on the untouched tape: nothing can be said of it there",
            BaselineState::Varies => "does not do the same twice on the untouched tape",
            BaselineState::Differs => "does not do what the reply says, even on the untouched tape",
        };
        notices.push(format!(
            "<b>{}</b>: the client {says}.",
            escaped(&baseline.tape)
        ));
    }
    if notices.is_empty() {
        return;
    }
    page.put("<ul class=\"notices\">\n");
    for notice in notices.iter().take(20) {
        page.put(&format!("<li>{notice}</li>\n"));
    }
    if notices.len() > 20 {
        page.put(&format!("<li>And {} more.</li>\n", notices.len() - 20));
    }
    page.put("</ul>\n");
}

/// How long all parts took.
pub(super) fn took(report: &Report) -> String {
    let took = report.parts.iter().map(|part| part.elapsed_ns);
    duration(took.fold(0, u64::saturating_add))
}
