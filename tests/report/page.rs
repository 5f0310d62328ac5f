//! What the page promises.

use crate::browser::{self, Browser};
use crate::made;

#[test]
fn shots() {
    if !browser::is_there() {
        return;
    }
    let Some(folder) = std::env::var_os("WIRETAPE_SHOTS").map(std::path::PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let report = made::report(60);
    let page = folder.join("page.html");
    std::fs::write(&page, report.html()).unwrap();
    let browser = Browser::start("shots");
    for (width, height, device) in [(390, 844, "phone"), (1280, 900, "desk")] {
        for scheme in ["light", "dark"] {
            browser.screen(width, height, scheme);
            browser.open(&page);
            for (part, script) in [
                ("top", "scrollTo(0, 0)"),
                (
                    "matrix",
                    "document.getElementById('matrix').scrollIntoView()",
                ),
                (
                    "list",
                    "document.getElementById('findings').scrollIntoView()",
                ),
                (
                    "open",
                    "let f = document.getElementById('f-0'); f.open = true; f.scrollIntoView()",
                ),
                (
                    "more",
                    "let g = document.querySelectorAll('.finding.medium')[0]; g.open = true; g.scrollIntoView()",
                ),
            ] {
                browser.run(script);
                let shot = browser.shot();
                std::fs::write(folder.join(format!("{device}-{scheme}-{part}.png")), shot).unwrap();
            }
        }
    }
}
