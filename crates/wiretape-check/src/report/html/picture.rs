//! A timeline as SVG. Places along it are percentages, so that it is as wide as the screen and its
//! writing stays as large as the page's; what is many is a path in a box that stretches.

use std::fmt::Write as _;

use super::{Page, bytes, escaped};
use crate::report::timeline::{Act, ActKind, EdgeKind, Lane, LaneKind, MarkKind, Wire};
use crate::report::{Timeline, quote_bytes};
use crate::words::{count, duration, grouped};

/// Acts that are listed.
const ACTS_MAX: usize = 40;

/// Bytes that are shown of one of them.
const LINE_BYTES_MAX: usize = 400;

/// Steps of a box that stretches.
const STEPS: u64 = 2_000;

const LANE_HEIGHT: usize = 34;
const TOP_HEIGHT: usize = 24;
const CHUNKS_HEIGHT: usize = 34;
const MARKS_HEIGHT: usize = 34;
const AXIS_HEIGHT: usize = 18;

/// The variant, and the untouched exchange beside it.
pub(super) fn put(variant: &Timeline, name: &str, baseline: Option<&Timeline>, page: &mut Page) {
    let wires = variant
        .wires
        .iter()
        .chain(baseline.iter().flat_map(|other| &other.wires));
    let scale = wires.map(|wire| wire.bytes).max().unwrap_or(0).max(1);
    page.put("<div class=\"pictures\">\n");
    figure(variant, name, scale, true, page);
    if let Some(baseline) = baseline {
        figure(baseline, "The untouched tape", scale, false, page);
    }
    page.put("</div>\n");
}

fn figure(timeline: &Timeline, name: &str, scale: u64, told: bool, page: &mut Page) {
    let class = if told { "variant" } else { "baseline" };
    page.put(&format!(
        "<figure class=\"timeline {class}\">\n<figcaption>{name}, exchange {}</figcaption>\n",
        timeline.exchange
    ));
    for (place, wire) in timeline.wires.iter().enumerate() {
        let attempt = match (timeline.wires.len(), place) {
            (1, _) => String::new(),
            (_, 0) => " at the first attempt".into(),
            (_, _) => format!(" from attempt {} on", wire.attempt + 1),
        };
        page.put(&format!(
            "<p class=\"sub\">Sent{attempt}: {} in {}, ends {}.</p>\n",
            count(wire.bytes, "byte", "bytes"),
            count(wire.chunks, "chunk", "chunks"),
            escaped(&ends(wire))
        ));
        wire_svg(wire, scale, told, page);
        page.put("<p class=\"sub reads\">A careful reader: ");
        page.text(&wire.reads);
        page.put(".</p>\n");
        if told {
            for (number, excerpt) in (1..).zip(&wire.excerpts) {
                bytes::put(excerpt, number, page);
            }
        }
    }
    page.put("<p class=\"sub\">What the client did, by the clock.</p>\n");
    acts_svg(timeline, page);
    acts_list(timeline, page);
    page.put("</figure>\n");
}

fn ends(wire: &Wire) -> String {
    let how = match wire.end.as_str() {
        "complete" => "as it should".into(),
        "unterminated" => "without the last chunk".into(),
        "reset" => "by a reset".into(),
        "timeout" => "never: the connection stays open".into(),
        other => other.replace('_', " "),
    };
    match wire.end_after_ns {
        0..1_000_000 => how,
        ns => format!("{how}, after {}", duration(ns)),
    }
}

/// A place along the picture, in percent.
fn percent(at: u64, scale: u64) -> String {
    let hundredths = u128::from(at.min(scale)) * 10_000 / u128::from(scale.max(1));
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// A place in a box that stretches.
fn step(at: u64, scale: u64) -> u64 {
    let step = u128::from(at.min(scale)) * u128::from(STEPS) / u128::from(scale.max(1));
    u64::try_from(step).unwrap_or(STEPS)
}

fn wire_svg(wire: &Wire, scale: u64, told: bool, page: &mut Page) {
    let marks = if wire.marks.is_empty() {
        0
    } else {
        MARKS_HEIGHT
    };
    let lanes = TOP_HEIGHT + CHUNKS_HEIGHT;
    let below = lanes + wire.lanes.len() * LANE_HEIGHT;
    let height = below + marks + AXIS_HEIGHT;
    let spoken = format!(
        "{} in {}; {}; {}",
        count(wire.bytes, "byte", "bytes"),
        count(wire.chunks, "chunk", "chunks"),
        wire.lanes
            .iter()
            .map(|lane| lane.label.as_str())
            .collect::<Vec<&str>>()
            .join(", "),
        wire.reads
    );
    page.put(&format!(
        "<svg class=\"wire\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(&spoken)
    ));
    if told {
        changes(wire, scale, below + marks, page);
    }
    // A body that is a few bytes shorter does not end early.
    if told && wire.bytes < scale - scale / 200 {
        let from = percent(wire.bytes, scale);
        page.put(&format!(
            "<line class=\"early\" x1=\"{from}\" x2=\"{from}\" y1=\"{TOP_HEIGHT}\" y2=\"{}\"/>",
            below + marks
        ));
    }
    chunks(wire, scale, page);
    for (number, lane) in wire.lanes.iter().enumerate() {
        put_lane(lane, wire, scale, lanes + number * LANE_HEIGHT, page);
    }
    if marks > 0 {
        let y = below + 11;
        page.put(&format!(
            "<text class=\"label\" x=\"0\" y=\"{y}\">events</text>\n"
        ));
    }
    for mark in &wire.marks {
        let (sign, class) = match mark.kind {
            MarkKind::Ping => ("•", "ping"),
            MarkKind::Unknown => ("◦", "unknown"),
            MarkKind::Stop => ("■", "stop"),
            MarkKind::Done => ("◆", "done"),
            MarkKind::Error => ("✗", "error"),
        };
        let at = mark.at;
        page.put(&format!(
            "<text class=\"mark {class}\" x=\"{}\" y=\"{}\"><title>{} at byte {at}: {}</title>{sign}</text>\n",
            percent(at, scale),
            below + 27,
            class,
            escaped(&mark.text)
        ));
    }
    axis(below + marks, &grouped(scale), "byte", page);
    if told {
        numbers(wire, scale, page);
    }
    page.put("</svg>\n");
}

/// Bands where the delivery differs, behind everything else.
fn changes(wire: &Wire, scale: u64, height: usize, page: &mut Page) {
    for span in &wire.changes {
        let width = percent(span.to.saturating_sub(span.from), scale);
        let x = percent(span.from, scale);
        page.put(&format!(
            "<rect class=\"change\" x=\"{x}\" width=\"{width}\" y=\"{TOP_HEIGHT}\" height=\"{}\"/>\
             <line class=\"change\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP_HEIGHT}\" y2=\"{height}\"/>\n",
            height - TOP_HEIGHT
        ));
    }
}

/// The callouts' numbers, above everything else.
fn numbers(wire: &Wire, scale: u64, page: &mut Page) {
    for (number, excerpt) in (1..).zip(&wire.excerpts) {
        let x = percent(excerpt.at, scale);
        // At the edges a circle is moved in, so that it is whole.
        let far = u128::from(excerpt.at) * 100 / u128::from(scale.max(1));
        let shift = match far {
            0..=3 => 9,
            97.. => -9,
            _ => 0,
        };
        page.put(&format!(
            "<line class=\"lead\" x1=\"{x}\" x2=\"{x}\" y1=\"16\" y2=\"{}\"/>\
             <svg x=\"{x}\" y=\"0\" overflow=\"visible\" width=\"1\" height=\"20\">\
             <circle class=\"callout\" cx=\"{shift}\" cy=\"9\" r=\"8\"/>\
             <text class=\"callout\" x=\"{shift}\" y=\"13\">{number}</text></svg>\n",
            TOP_HEIGHT + CHUNKS_HEIGHT - 4
        ));
    }
}

/// Where the chunks end.
fn chunks(wire: &Wire, scale: u64, page: &mut Page) {
    let y = TOP_HEIGHT;
    page.put(&format!(
        "<text class=\"label\" x=\"0\" y=\"{}\">chunks</text>\
         <rect class=\"body\" x=\"0\" y=\"{}\" width=\"{}\" height=\"12\" rx=\"2\"/>\n",
        y + 11,
        y + 16,
        percent(wire.bytes, scale)
    ));
    page.put(&format!(
        "<svg x=\"0\" y=\"{}\" width=\"100%\" height=\"12\" viewBox=\"0 0 {STEPS} 12\" \
         preserveAspectRatio=\"none\">",
        y + 16
    ));
    for (class, worst) in [("edge", false), ("edge cut", true)] {
        let kind = |kind: EdgeKind| (kind > EdgeKind::Inside) == worst;
        let edges = wire.edges.iter().filter(|edge| kind(edge.kind));
        let mut path = String::new();
        let mut last = None;
        for edge in edges {
            let x = step(edge.at, scale);
            if last != Some(x) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{x} 0v12");
            }
            last = Some(x);
        }
        if !path.is_empty() {
            page.put(&format!("<path class=\"{class}\" d=\"{path}\"/>"));
        }
    }
    page.put("</svg>\n");
    for wait in wire.waits.iter().take(20) {
        let wait_ns = duration(wait.ns);
        page.put(&format!(
            "<text class=\"wait\" x=\"{}\" y=\"{}\"><title>nothing for {wait_ns} before byte {}</title>\
             ⏸ {wait_ns}</text>\n",
            percent(wait.at, scale),
            y + 11,
            wait.at
        ));
    }
}

fn put_lane(lane: &Lane, wire: &Wire, scale: u64, y: usize, page: &mut Page) {
    let kind = match lane.kind {
        LaneKind::Text => "text",
        LaneKind::Thinking => "thinking",
        LaneKind::Call => "call",
        LaneKind::Other => "other",
    };
    let last = lane.deltas.last().map_or(lane.opened, |delta| delta.to);
    let end = lane
        .closed
        .unwrap_or(if lane.closes { wire.bytes } else { last });
    let cut = lane.closes && lane.closed.is_none();
    page.put(&format!(
        "<svg class=\"clip\" x=\"0\" y=\"{y}\" width=\"100%\" height=\"15\"><text class=\"label\" x=\"0\" y=\"11\">\
         <tspan class=\"{kind}\">{}</tspan> {}</text></svg>\n",
        escaped(&lane.label),
        escaped(&lane.text.replace('\n', "⏎"))
    ));
    let dash = if cut { " open" } else { "" };
    page.put(&format!(
        "<line class=\"span {kind}{dash}\" x1=\"{}\" x2=\"{}\" y1=\"{2}\" y2=\"{2}\"/>",
        percent(lane.opened, scale),
        percent(end, scale),
        y + 28
    ));
    let most = lane
        .deltas
        .iter()
        .map(|delta| delta.grows)
        .max()
        .unwrap_or(0)
        .max(1);
    let mut path = String::new();
    for delta in &lane.deltas {
        let (x, to) = (step(delta.from, scale), step(delta.to, scale));
        let height = 3 + delta.grows.saturating_mul(9) / most;
        let width = to.saturating_sub(x).saturating_sub(1).max(2);
        let _ = write!(path, "M{x} 12h{width}v-{height}h-{width}z");
    }
    page.put(&format!(
        "<svg x=\"0\" y=\"{}\" width=\"100%\" height=\"12\" viewBox=\"0 0 {STEPS} 12\" \
         preserveAspectRatio=\"none\"><path class=\"grow {kind}\" d=\"{path}\"/></svg>\n",
        y + 17
    ));
}

fn axis(y: usize, most: &str, unit: &str, page: &mut Page) {
    page.put(&format!(
        "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{}\" y2=\"{0}\"/>\
         <text class=\"tick\" x=\"0\" y=\"{1}\">0</text>\
         <text class=\"tick end\" x=\"100%\" y=\"{1}\">{unit} {most}</text>\n",
        y + 2,
        y + 14
    ));
}

/// What the client did: one row for requests, one for what it showed, one for calls.
fn acts_svg(timeline: &Timeline, page: &mut Page) {
    let scale = timeline.elapsed_ns.max(1);
    let rows: [(&str, &[ActKind]); 3] = [
        (
            "requests",
            &[
                ActKind::Request,
                ActKind::Retry,
                ActKind::Miss,
                ActKind::Left,
            ],
        ),
        ("shown", &[ActKind::Shown]),
        ("calls", &[ActKind::Call]),
    ];
    let has = |kinds: &[ActKind]| timeline.acts.iter().any(|act| kinds.contains(&act.kind));
    let rows: Vec<_> = rows.into_iter().filter(|(_, kinds)| has(kinds)).collect();
    let height = rows.len() * LANE_HEIGHT;
    let spoken: Vec<&str> = timeline
        .acts
        .iter()
        .take(ACTS_MAX)
        .map(|act| act.text.as_str())
        .collect();
    page.put(&format!(
        "<svg class=\"acts\" width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"{}\">\n",
        height + AXIS_HEIGHT,
        escaped(&spoken.join("; "))
    ));
    for (number, (name, kinds)) in rows.iter().enumerate() {
        let y = number * LANE_HEIGHT;
        page.put(&format!(
            "<text class=\"label\" x=\"0\" y=\"{}\">{name}</text>\
             <line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{1}\" y2=\"{1}\"/>\n",
            y + 11,
            y + 28
        ));
        let acts = timeline.acts.iter().filter(|act| kinds.contains(&act.kind));
        if *kinds == [ActKind::Shown] {
            put_shown(acts, scale, y, page);
        } else {
            acts.for_each(|act| put_act(act, scale, y, page));
        }
    }
    axis(height, &duration(timeline.elapsed_ns), "", page);
    page.put("</svg>\n");
}

/// What was shown, often piece by piece: a stroke each.
fn put_shown<'a>(acts: impl Iterator<Item = &'a Act>, scale: u64, y: usize, page: &mut Page) {
    let mut path = String::new();
    for act in acts {
        let _ = write!(path, "M{} 0v10", step(act.at_ns, scale));
    }
    page.put(&format!(
        "<svg x=\"0\" y=\"{}\" width=\"100%\" height=\"10\" viewBox=\"0 0 {STEPS} 10\" \
         preserveAspectRatio=\"none\"><path class=\"shown\" d=\"{path}\"/></svg>\n",
        y + 18
    ));
}

fn put_act(act: &Act, scale: u64, y: usize, page: &mut Page) {
    let kind = act.kind.name();
    let x = percent(act.at_ns, scale);
    let title = format!("{}: {}", duration(act.at_ns), act.text);
    let title = escaped(&title);
    match act.kind {
        ActKind::Request | ActKind::Retry => {
            let until = act.until_ns.unwrap_or(scale);
            let width = percent(until.saturating_sub(act.at_ns), scale);
            page.put(&format!(
                "<rect class=\"act {kind}\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"10\">\
                 <title>{title}</title></rect>\
                 <line class=\"act {kind}\" x1=\"{x}\" x2=\"{x}\" y1=\"{0}\" y2=\"{}\"/>\n",
                y + 18,
                y + 28
            ));
        }
        _ => {
            let sign = match act.kind {
                ActKind::Left => "✂",
                ActKind::Miss => "?",
                ActKind::Call => "◆",
                _ => "●",
            };
            page.put(&format!(
                "<text class=\"act {kind}\" x=\"{x}\" y=\"{}\"><title>{title}</title>{sign}</text>\n",
                y + 27
            ));
        }
    }
}

/// The same in words; what was shown piece by piece is one line.
fn acts_list(timeline: &Timeline, page: &mut Page) {
    page.put("<ol class=\"acts\">\n");
    let mut lines: Vec<(&Act, String, usize)> = Vec::new();
    for act in &timeline.acts {
        match lines.last_mut() {
            Some((first, text, pieces))
                if first.kind == ActKind::Shown && act.kind == ActKind::Shown =>
            {
                text.push_str(&act.text);
                *pieces += 1;
            }
            _ => lines.push((act, act.text.clone(), 1)),
        }
    }
    let last = lines.pop();
    for line in lines.iter().take(ACTS_MAX) {
        put_line(line, page);
    }
    let more = lines.len().saturating_sub(ACTS_MAX);
    if more > 0 {
        page.put(&format!("<li class=\"more\">… {more} more</li>\n"));
    }
    if let Some(line) = &last {
        put_line(line, page);
    }
    page.put("</ol>\n");
}

fn put_line((act, text, pieces): &(&Act, String, usize), page: &mut Page) {
    let verb = match (act.kind, pieces) {
        (ActKind::Shown, 1) => "shows ".into(),
        (ActKind::Shown, n) => format!("shows in {n} pieces: "),
        (ActKind::Miss, _) => "asks for what is not there: ".into(),
        _ => String::new(),
    };
    page.put(&format!(
        "<li class=\"{}\"><time>{}</time> <span>{verb}{}</span></li>\n",
        act.kind.name(),
        duration(act.at_ns),
        escaped(&quote_bytes(text, LINE_BYTES_MAX).replace('\n', "⏎"))
    ));
}
