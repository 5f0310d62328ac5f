//! The report's page in a real browser, and the report's XML in a real parser.
//!
//! A binary of its own: it starts a browser. Where there is no Chromium, the test says so and passes,
//! unless `WIRETAPE_BROWSER=required`. `WIRETAPE_SHOTS=FOLDER` keeps the page and its screenshots.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

// A browser, driven as the WebDriver standard says.
#[path = "report/browser.rs"]
mod browser;
// A report as a careless client would have it.
#[path = "report/made.rs"]
mod made;
// What the page promises.
#[path = "report/page.rs"]
mod page;
// Where the recordings lie.
#[expect(
    dead_code,
    reason = "shared with the other tests, which need more of it"
)]
mod support;
// What the XML promises.
#[path = "report/xml.rs"]
mod xml;
