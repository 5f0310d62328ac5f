//! The bytes around a place: in hex, and as text.

use super::{Page, escaped};
use crate::report::timeline::Excerpt;
use crate::words::{grouped, visible};

/// Bytes in a row: as many as a phone has room for.
const ROW_BYTES: usize = 8;

pub(super) fn put(excerpt: &Excerpt, number: usize, page: &mut Page) {
    let bytes = unhex(&excerpt.hex);
    page.put(&format!(
        "<details class=\"plain bytes\"><summary><span class=\"callout\">{number}</span> At byte {}: ",
        grouped(excerpt.at)
    ));
    page.text(&excerpt.what);
    page.put("</summary>\n<p class=\"aside\"><mark>Marked</mark>: the byte at that place. ");
    page.put("<b class=\"edge\">|</b> a chunk ends.</p>\n");
    page.put("<pre class=\"hex\" tabindex=\"0\">");
    let mut at = excerpt.from;
    let columns = (at + bytes.len() as u64).to_string().len();
    for row in bytes.chunks(ROW_BYTES) {
        page.put(&format!("<i>{at:>columns$}</i> "));
        for (offset, byte) in (at..).zip(row) {
            page.put(if excerpt.edges.contains(&offset) {
                "<b class=\"edge\">|</b>"
            } else {
                " "
            });
            if offset == excerpt.at {
                page.put(&format!("<mark>{byte:02x}</mark>"));
            } else {
                page.put(&format!("{byte:02x}"));
            }
        }
        page.put(&"   ".repeat(ROW_BYTES - row.len()));
        page.put("  ");
        for (offset, byte) in (at..).zip(row) {
            let c = if byte.is_ascii() {
                visible(char::from(*byte), false)
            } else {
                '·'
            };
            let c = escaped(&c.to_string());
            if offset == excerpt.at {
                page.put(&format!("<mark>{c}</mark>"));
            } else {
                page.put(&c);
            }
        }
        page.put("\n");
        at += row.len() as u64;
    }
    if excerpt.at >= at {
        page.put(&format!(
            "<i>{at:>columns$}</i> <b class=\"edge\">end of the body</b>\n"
        ));
    }
    page.put("</pre>\n</details>\n");
}

pub(super) fn unhex(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    hex.as_bytes().chunks(2).filter_map(byte).collect()
}
