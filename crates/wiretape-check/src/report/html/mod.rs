//! A report as one page of HTML: no network, no script that it needs, nothing of a tape that runs.

mod bytes;
mod filters;
mod findings;
mod head;
mod matrix;
mod picture;
mod plan;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Group, Report};
use crate::Severity;
use crate::words::visible;

/// Bytes of a page, about: what is found is told in full until it is this long, then in rows.
pub const PAGE_BYTES_MAX: usize = 3_000_000;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Report {
    /// One page that needs nothing else: no network, and no script, which only improves it.
    #[must_use]
    pub fn html(&self) -> String {
        let groups = self.worst_first();
        let filters = filters::Filters::of(&groups);
        let style = format!("{STYLE}{}", filters.rules());
        let mut page = Page::default();
        page.put(&document_head(self, &style));
        page.put("<body>\n<a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n");
        head::put(self, &mut page);
        page.put("<main>\n");
        matrix::put(self, &groups, &mut page);
        findings::put(self, &groups, &filters, &mut page);
        plan::put(self, &mut page);
        page.put("</main>\n<footer><p>Made by wiretape ");
        page.text(&self.plan.wiretape);
        page.put(". The page is all there is: it asks no server for anything.</p></footer>\n");
        page.put(&format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"));
        page.html
    }
}

/// The policy lets the page's own style and script run, and nothing else: what a tape holds is
/// escaped, and could do nothing if it were not.
fn document_head(report: &Report, style: &str) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(style),
        hash(SCRIPT)
    );
    let title = escaped(&report.plan.client.join(" "));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>wiretape: {title}</title>\n<style>{style}</style>\n</head>\n"
    )
}

/// The page, as far as it is written.
#[derive(Default)]
struct Page {
    html: String,
}

impl Page {
    /// Markup.
    fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Text that came from elsewhere.
    fn text(&mut self, text: &str) {
        self.html.push_str(&escaped(text));
    }

    fn is_full(&self) -> bool {
        self.html.len() > PAGE_BYTES_MAX
    }
}

/// Text as content or as an attribute's value between double quotes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(visible(c, true)),
        }
    }
    html
}

/// A sign for each severity, so that colour is not all there is.
const fn sign(severity: Severity) -> char {
    match severity {
        Severity::High => '✖',
        Severity::Medium => '▲',
        Severity::Low => '●',
        Severity::Note => '○',
    }
}

/// Where a group's finding stands on the page.
fn anchor(groups: &[&Group], class: &str, tape: &str) -> Option<usize> {
    let mut places = groups.iter();
    places.position(|group| group.class == class && group.tape == tape)
}

fn hash(text: &str) -> String {
    STANDARD.encode(bytes::unhex(&wiretape_tape::sha256_hex(text.as_bytes())))
}
