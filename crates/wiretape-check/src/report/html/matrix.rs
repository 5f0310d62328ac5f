//! Which class on which tape: a table.

use std::collections::BTreeMap;

use wiretape_vary::classes;

use super::{Page, anchor, escaped, sign};
use crate::report::{BaselineState, Count, Group, Report, UNTOUCHED, class_order, standing_name};
use crate::words::grouped;

/// Tapes that have a column; the findings on the others are in the list.
pub(super) const TAPES_MAX: usize = 60;

/// Everything that the table needs of a class on a tape.
struct Cells<'a> {
    counts: BTreeMap<(&'a str, &'a str), &'a Count>,
    why: BTreeMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Cells<'a> {
    fn of(report: &'a Report) -> Self {
        let counts = report.counts.iter();
        let not_tried = report.not_tried.iter();
        Self {
            counts: counts
                .map(|count| ((count.class.as_str(), count.tape.as_str()), count))
                .collect(),
            why: not_tried
                .map(|one| ((one.class.as_str(), one.tape.as_str()), one.why.as_str()))
                .collect(),
        }
    }
}

pub(super) fn put(report: &Report, groups: &[&Group], page: &mut Page) {
    page.put("<section id=\"matrix\" aria-labelledby=\"matrix-h\">\n");
    page.put("<h2 id=\"matrix-h\">Classes of failures × tapes</h2>\n");
    legend(page);
    let cells = Cells::of(report);
    let tapes: Vec<&str> = report
        .plan
        .tapes
        .iter()
        .map(|tape| tape.name.as_str())
        .collect();
    let shown = tapes.get(..tapes.len().min(TAPES_MAX)).unwrap_or_default();
    if shown.len() < tapes.len() {
        let (all, shown) = (tapes.len(), shown.len());
        page.put(&format!(
            "<p class=\"aside\">{all} tapes were played: the first {shown} have a column. \
             What was found on the others is in the list.</p>\n"
        ));
    }
    page.put(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"matrix-h\" tabindex=\"0\">\n",
    );
    page.put("<table class=\"matrix\">\n<thead><tr><th scope=\"col\">class</th>");
    for tape in shown {
        page.put(&format!(
            "<th scope=\"col\">{}</th>",
            broken(report.short_name(tape))
        ));
    }
    page.put("<th scope=\"col\">standing</th></tr></thead>\n");
    untouched(report, groups, shown, page);
    let mut ids: Vec<&str> = cells
        .counts
        .keys()
        .chain(cells.why.keys())
        .map(|key| key.0)
        .collect();
    ids.sort_unstable_by_key(|id| class_order(id));
    ids.dedup();
    let (tried, not): (Vec<&str>, Vec<&str>) = ids.into_iter().partition(|id| {
        tapes
            .iter()
            .any(|tape| cells.counts.contains_key(&(id, tape)))
    });
    let mut last = "";
    page.put("<tbody>\n");
    for id in &tried {
        let part = classes::find(id).map_or("", |class| class.group.name());
        if part != last {
            let columns = shown.len() + 2;
            page.put(&format!(
                "</tbody>\n<tbody>\n<tr class=\"part\"><th colspan=\"{columns}\" scope=\"rowgroup\">\
                 <span>{}</span></th></tr>\n",
                escaped(part)
            ));
            last = part;
        }
        row(report, groups, &cells, id, shown, page);
    }
    page.put("</tbody>\n</table>\n</div>\n");
    left_out(report, &not, page);
    page.put("</section>\n");
}

fn legend(page: &mut Page) {
    page.put(
        "<p class=\"legend\"><span><b class=\"high\">✖ 3/8</b> high: 3 of 8 cases</span> \
         <span><b class=\"medium\">▲</b> medium</span> <span><b class=\"low\">●</b> low</span> \
         <span><b class=\"note\">○</b> note</span> <span><b class=\"clean\">✓ 8</b> all 8 as they \
         should be</span> <span><b class=\"void\">–</b> not tried</span> \
         <span>standing: <i>seen</i> in real traffic, <i>documented</i>, or <i>lawful</i> and no more</span></p>\n",
    );
}

/// A name that may be broken behind its slashes and dashes.
fn broken(name: &str) -> String {
    escaped(name).replace('/', "/<wbr>").replace('-', "-<wbr>")
}

fn untouched(report: &Report, groups: &[&Group], tapes: &[&str], page: &mut Page) {
    page.put("<tbody>\n<tr class=\"base\"><th scope=\"row\"><b>–</b> the untouched tape</th>");
    for tape in tapes {
        let baseline = report
            .baselines
            .iter()
            .find(|baseline| baseline.tape == *tape);
        let link = anchor(groups, UNTOUCHED, tape);
        let cell = match (baseline.map(|baseline| baseline.state), link) {
            (None, _) => "<td class=\"void\">·</td>".into(),
            (Some(BaselineState::Stable), None) => "<td class=\"clean\"><span>✓</span></td>".into(),
            (Some(state), Some(place)) => format!(
                "<td class=\"high\"><a href=\"#f-{place}\" data-class=\"-\" data-tape=\"{}\">✖ {}</a></td>",
                escaped(tape),
                state.name()
            ),
            (Some(state), None) => format!("<td class=\"high\">✖ {}</td>", state.name()),
        };
        page.put(&cell);
    }
    page.put("<td></td></tr>\n</tbody>\n");
}

fn row(
    report: &Report,
    groups: &[&Group],
    cells: &Cells<'_>,
    id: &str,
    tapes: &[&str],
    page: &mut Page,
) {
    let class = report.class(id);
    let (name, title) = class.map_or(("", ""), |class| {
        (class.name.as_str(), class.title.as_str())
    });
    page.put(&format!(
        "<tr><th scope=\"row\" title=\"{}\"><b>{}</b> {}</th>",
        escaped(title),
        escaped(id),
        broken(&name.replace('_', " "))
    ));
    for tape in tapes {
        let key = (id, *tape);
        let cell = match (cells.counts.get(&key), cells.why.get(&key)) {
            (Some(count), _) => counted(count, anchor(groups, id, tape)),
            (None, Some(why)) => format!(
                "<td class=\"void\" title=\"{}\">–<span class=\"hidden\"> not tried: {0}</span></td>",
                escaped(why)
            ),
            (None, None) => {
                "<td class=\"void\" title=\"no case was drawn\">·<span class=\"hidden\"> no case</span></td>".into()
            }
        };
        page.put(&cell);
    }
    page.put(&format!(
        "<td class=\"standing\">{}</td></tr>\n",
        standings(cells, id, tapes)
    ));
}

/// The standings of a class on the tapes, each once.
fn standings(cells: &Cells<'_>, id: &str, tapes: &[&str]) -> String {
    let counts = tapes
        .iter()
        .filter_map(|tape| cells.counts.get(&(id, *tape)));
    let mut names: Vec<&str> = Vec::new();
    for standing in counts.filter_map(|count| count.standing) {
        let name = standing_name(standing);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names = names
        .iter()
        .map(|name| format!("<span class=\"tag {name}\">{name}</span>"));
    names.collect::<Vec<String>>().join(" ")
}

fn counted(count: &Count, place: Option<usize>) -> String {
    let Some(worst) = count.found.worst() else {
        return format!(
            "<td class=\"clean\"><span>✓ {}</span></td>",
            grouped(count.tried)
        );
    };
    let says = format!(
        "{} {}/{}",
        sign(worst),
        grouped(count.found.sum()),
        grouped(count.tried)
    );
    let spoken = format!(
        "{}: {} of {} cases, the worst {worst}",
        count.class,
        count.found.sum(),
        count.tried
    );
    match place {
        Some(place) => format!(
            "<td class=\"{worst}\"><a href=\"#f-{place}\" data-class=\"{}\" data-tape=\"{}\" \
             aria-label=\"{}\">{says}</a></td>",
            escaped(&count.class),
            escaped(&count.tape),
            escaped(&spoken)
        ),
        None => format!("<td class=\"{worst}\"><span>{says}</span></td>"),
    }
}

/// Classes that were tried on no tape, by their reasons.
fn left_out(report: &Report, ids: &[&str], page: &mut Page) {
    if ids.is_empty() {
        return;
    }
    page.put(&format!(
        "<details class=\"plain\"><summary>{} tried on no tape, and why</summary>\n<ul>\n",
        crate::words::count(ids.len() as u64, "class was", "classes were")
    ));
    for id in ids {
        let mut reasons: Vec<&str> = Vec::new();
        for one in report.not_tried.iter().filter(|one| one.class == *id) {
            if !reasons.contains(&one.why.as_str()) {
                reasons.push(&one.why);
            }
        }
        let name = report.class(id).map_or("", |class| class.name.as_str());
        page.put(&format!(
            "<li><b>{}</b> {}: {}</li>\n",
            escaped(id),
            escaped(&name.replace('_', " ")),
            escaped(&reasons.join("; "))
        ));
    }
    page.put("</ul>\n</details>\n");
}
