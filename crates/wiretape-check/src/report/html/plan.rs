//! What was to be done: the page's end.

use super::{Page, head};
use crate::report::Report;
use crate::words::{count, duration, grouped};

/// Tapes that are listed.
const TAPES_MAX: usize = 1_000;

pub(super) fn put(report: &Report, page: &mut Page) {
    let plan = &report.plan;
    page.put("<section id=\"plan\" aria-labelledby=\"plan-h\">\n<h2 id=\"plan-h\">Plan</h2>\n");
    page.put("<dl class=\"facts\">\n");
    let shards = match report.parts.as_slice() {
        [part] if part.of == 1 => String::new(),
        [part] => format!("{} of {}", part.shard, part.of),
        parts => format!(
            "{} of {}",
            parts.len(),
            parts.first().map_or(0, |part| part.of)
        ),
    };
    let facts = [
        ("client", plan.client.join(" ")),
        ("mode", plan.mode.clone()),
        ("profile", plan.profile.to_string()),
        ("seed", format!("{:#x}", plan.seed)),
        ("runs", format!("{} for each tape", grouped(plan.runs))),
        (
            "cases",
            format!(
                "{} tried of {}",
                grouped(report.tried()),
                grouped(plan.cases)
            ),
        ),
        ("classes tried", grouped(head::classes(report))),
        ("patience", duration(plan.patience_ns)),
        ("shards", shards),
        ("took", head::took(report)),
        ("wiretape", plan.wiretape.clone()),
    ];
    for (label, text) in facts {
        if text.is_empty() {
            continue;
        }
        page.put(&format!("<div><dt>{label}</dt><dd>"));
        page.text(&text);
        page.put("</dd></div>\n");
    }
    page.put("</dl>\n");
    tapes(report, page);
    page.put("</section>\n");
}

fn tapes(report: &Report, page: &mut Page) {
    let tapes = &report.plan.tapes;
    page.put(&format!(
        "<details class=\"plain\"><summary>{}</summary>\n<div class=\"scroll\" role=\"region\" \
         aria-label=\"Tapes\" tabindex=\"0\"><table class=\"tapes\">\n<thead><tr><th scope=\"col\">tape</th>\
         <th scope=\"col\">dialect</th><th scope=\"col\">exchanges</th><th scope=\"col\">bytes</th>\
         <th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n",
        count(tapes.len() as u64, "tape", "tapes")
    ));
    for tape in tapes.iter().take(TAPES_MAX) {
        page.put("<tr><th scope=\"row\">");
        page.text(&tape.name);
        page.put("</th><td>");
        page.text(&tape.dialect);
        page.put(&format!(
            "</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td><code>",
            tape.exchanges,
            grouped(tape.bytes)
        ));
        page.text(tape.sha256.get(..16).unwrap_or(&tape.sha256));
        page.put("…</code></td></tr>\n");
    }
    if tapes.len() > TAPES_MAX {
        let more = tapes.len() - TAPES_MAX;
        page.put(&format!(
            "<tr><td colspan=\"5\">And {more} more.</td></tr>\n"
        ));
    }
    page.put("</tbody>\n</table></div>\n</details>\n");
}
