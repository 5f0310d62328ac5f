//! What was found, the worst first.

use super::filters::Filters;
use super::{Page, escaped, picture, sign};
use crate::report::{Example, Group, Report, Timeline, UNTOUCHED, standing_name};
use crate::words::{count, grouped};

/// Bytes at which even the rows end; the rest is a number.
const ROWS_BYTES_MAX: usize = super::PAGE_BYTES_MAX + 1_000_000;

/// Bytes of a scenario that is shown; a longer one is in the JSON.
const SCENARIO_BYTES_MAX: usize = 6_000;

pub(super) fn put(report: &Report, groups: &[&Group], filters: &Filters, page: &mut Page) {
    page.put("<section id=\"findings\" aria-labelledby=\"findings-h\" tabindex=\"-1\">\n");
    page.put("<h2 id=\"findings-h\">Findings</h2>\n");
    if groups.is_empty() {
        page.put("<p class=\"nothing\">✓ Nothing was found.</p>\n</section>\n");
        return;
    }
    let kinds = count(groups.len() as u64, "kind", "kinds");
    page.put(&format!(
        "<p class=\"aside\"><span id=\"shown\" role=\"status\">{kinds}</span>, by code, class and tape; \
         of each, the case with the lowest number. <span id=\"keys\"></span></p>\n"
    ));
    filters.put(groups, page);
    let mut place = 0;
    while let Some(group) = groups.get(place).filter(|_| !page.is_full()) {
        told(report, group, place, page);
        place += 1;
    }
    let rest = groups.get(place..).unwrap_or_default();
    if !rest.is_empty() {
        rows(report, rest, place, page);
    }
    page.put("</section>\n");
}

/// One finding, with everything that is known.
fn told(report: &Report, group: &Group, place: usize, page: &mut Page) {
    let (severity, code) = (group.severity, group.code);
    page.put(&format!(
        "<details class=\"finding {severity} {code}\" id=\"f-{place}\" data-class=\"{}\" data-tape=\"{}\">\n",
        escaped(&group.class),
        escaped(&group.tape)
    ));
    page.put(&format!(
        "<summary><span class=\"pill\"><span aria-hidden=\"true\">{}</span> {severity}</span> \
         <span class=\"code\">{}</span> <span class=\"where\"><span>{}</span> <span class=\"tape\">{}</span></span> \
         <span class=\"times\">{}</span></summary>\n<div class=\"body\">\n",
        sign(severity),
        code.name().replace('_', "_<wbr>"),
        provoked(report, group),
        escaped(report.short_name(&group.tape)),
        times(report, group)
    ));
    facts(report, group, page);
    pictures(report, group, page);
    scenario(&group.example, page);
    page.put("</div>\n</details>\n");
}

fn provoked(report: &Report, group: &Group) -> String {
    if group.class == UNTOUCHED {
        return "the untouched tape".into();
    }
    let name = report
        .class(&group.class)
        .map_or("", |class| class.name.as_str());
    format!(
        "<b>{}</b> {}",
        escaped(&group.class),
        escaped(&name.replace('_', " "))
    )
}

fn times(report: &Report, group: &Group) -> String {
    if group.class == UNTOUCHED {
        return String::new();
    }
    let mut counts = report.counts.iter();
    let tried = counts.find(|count| count.class == group.class && count.tape == group.tape);
    match tried {
        Some(tried) => format!("{} of {}", grouped(group.cases), grouped(tried.tried)),
        None => grouped(group.cases),
    }
}

fn facts(report: &Report, group: &Group, page: &mut Page) {
    let finding = &group.example.finding;
    page.put("<dl class=\"facts\">\n");
    let mut line = |label: &str, class: &str, text: &str| {
        if !text.is_empty() {
            page.put(&format!("<div><dt>{label}</dt><dd class=\"{class}\">"));
            page.text(text);
            page.put("</dd></div>\n");
        }
    };
    let class = report.class(&group.class);
    let standing = report
        .standing(&group.class, &group.tape)
        .map_or("", standing_name);
    let kind = match class {
        Some(class) if class.reshape => "reshape: it must change nothing",
        Some(_) => "fault: it permits a set of outcomes",
        None => "",
    };
    let title = class.map_or("", |class| class.title.as_str());
    let what: Vec<&str> = [title, kind, standing]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    let case = finding
        .place
        .case
        .map_or_else(String::new, |case| format!(", case {}", grouped(case)));
    let place = format!("{}, exchange {}{case}", group.tape, finding.place.exchange);
    let flaky = match group.flaky {
        0 => String::new(),
        n => format!(
            "{} of {} did not show it again",
            grouped(n),
            count(group.cases, "case", "cases")
        ),
    };
    line("expected", "quote good", &finding.expected);
    line("seen", "quote bad", &finding.seen);
    line(
        "difference",
        "quote",
        finding.difference.as_deref().unwrap_or_default(),
    );
    line("provoked by", "", &what.join(" · "));
    line("caused by", "", &group.example.causes.join(", "));
    line("right", "", class.map_or("", |class| class.right.as_str()));
    line("where", "", &place);
    line("flaky", "", &flaky);
    line("how", "quote", &group.example.explain.join("\n"));
    line("repeat", "quote repeat", &group.example.repeat);
    page.put("</dl>\n");
}

/// The delivery, and the untouched one beside it.
fn pictures(report: &Report, group: &Group, page: &mut Page) {
    let Some(variant) = group.example.timeline.as_deref() else {
        return;
    };
    let baseline = report
        .baselines
        .iter()
        .find(|baseline| baseline.tape == group.tape);
    let timelines = baseline.map_or(&[][..], |baseline| baseline.timelines.as_slice());
    let mut same = timelines
        .iter()
        .filter(|other| other.exchange == variant.exchange);
    let baseline: Option<&Timeline> = same.next().filter(|_| group.class != UNTOUCHED);
    let name = match group.class.as_str() {
        UNTOUCHED => "The untouched tape",
        _ => "This delivery",
    };
    picture::put(variant, name, baseline, page);
}

fn scenario(example: &Example, page: &mut Page) {
    let Ok(json) = serde_json::to_string_pretty(&example.finding.place.scenario) else {
        return;
    };
    if example.finding.place.scenario.pieces.is_empty() || json.len() > SCENARIO_BYTES_MAX {
        return;
    }
    page.put("<details class=\"plain\"><summary>The scenario</summary>\n<pre tabindex=\"0\">");
    page.text(&json);
    page.put("</pre>\n</details>\n");
}

/// What is told no more, but named.
fn rows(report: &Report, groups: &[&Group], first: usize, page: &mut Page) {
    let number = grouped(groups.len() as u64);
    page.put(&format!(
        "<p class=\"aside\">The page is full: the {number} kinds below have a row each. The JSON \
         (<code>--json</code>) holds all of them.</p>\n<ul class=\"rows\">\n"
    ));
    let mut written = 0;
    for group in groups {
        if page.html.len() > ROWS_BYTES_MAX {
            break;
        }
        let (severity, code) = (group.severity, group.code);
        page.put(&format!(
            "<li class=\"finding {severity} {code}\" id=\"f-{}\" data-class=\"{}\" data-tape=\"{}\">\
             <span class=\"pill\">{} {severity}</span> <span class=\"code\">{code}</span> {} {} \
             <span class=\"times\">{}</span></li>\n",
            first + written,
            escaped(&group.class),
            escaped(&group.tape),
            sign(severity),
            provoked(report, group),
            escaped(report.short_name(&group.tape)),
            times(report, group)
        ));
        written += 1;
    }
    page.put("</ul>\n");
    let left = groups.len() - written;
    if left > 0 {
        page.put(&format!(
            "<p class=\"aside\">And {} more.</p>\n",
            grouped(left as u64)
        ));
    }
}
