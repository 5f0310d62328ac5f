//! What the page promises.

use std::path::{Path, PathBuf};

use serde_json::Value;
use wiretape_check::report::Report;

use crate::browser::{self, Browser};
use crate::made;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Phone and desk.
const SCREENS: [(u32, u32); 2] = [(390, 844), (1280, 900)];

/// What would run if it were not escaped.
const HOSTILE: &str = "</script><script>window.ran=1</script><img src=x onerror='window.ran=2'>\
\"><svg onload=window.ran=3>' style=display:none x='<!--\u{202e}\u{0}]]>&amp;";

/// Keeps the page and what was seen, where that is asked for.
fn kept(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("WIRETAPE_SHOTS").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

/// A browser, and the report's page in its folder; `None`, and said so, where there is no browser.
fn opened(name: &str, report: &Report) -> Option<(Browser, PathBuf)> {
    if !browser::is_there() {
        let required =
            std::env::var_os("WIRETAPE_BROWSER").is_some_and(|value| value == "required");
        assert!(
            !required,
            "chromium and chromedriver are required, and not there"
        );
        eprintln!("SKIPPED: {name}: chromium or chromedriver is not there");
        return None;
    }
    let browser = Browser::start(name);
    let page = browser.folder().join("page.html");
    let html = report.html();
    std::fs::write(&page, &html).unwrap();
    kept(&format!("{name}.html"), html.as_bytes());
    Some((browser, page))
}

/// Nothing was complained of, and nothing but the page was asked for.
fn quiet(browser: &Browser, page: &Path) {
    let complaints = browser.log("browser");
    assert!(complaints.is_empty(), "{complaints:?}");
    let file = format!("file://{}", page.display());
    let mut pages = 0;
    for line in browser.log("performance") {
        let event: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
        let message = &event["message"];
        if message["method"] != "Network.requestWillBeSent" {
            continue;
        }
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap()
                .split('#')
                .next()
                .unwrap()
                .to_owned()
        };
        // Not what the browser's own start page asks for.
        if text(&message["params"]["documentURL"]) != file {
            continue;
        }
        let url = text(&message["params"]["request"]["url"]);
        assert_eq!(url, file, "was asked for");
        pages += usize::from(url == file);
    }
    assert!(
        pages > 0,
        "the log holds no request, not even that for the page"
    );
}

#[test]
fn the_page_is_whole_and_silent_on_every_screen() {
    let Some((browser, page)) = opened("page", &made::report(60)) else {
        return;
    };
    for (width, height) in SCREENS {
        for scheme in ["light", "dark"] {
            browser.screen(width, height, scheme);
            browser.open(&page);
            let shot = browser.shot();
            kept(&format!("{width}-{scheme}-top.png"), &shot);
            look(&browser, &format!("{width}-{scheme}"));
            browser
                .run("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            // What scrolls by itself may be wider than the screen; the page may not.
            let scroll = browser.run(
                "const root = document.documentElement; return [root.scrollWidth, root.clientWidth]",
            );
            assert_eq!(
                scroll,
                serde_json::json!([width, width]),
                "{scheme}: the page scrolls sideways"
            );
            let faint = browser.run(FAINT);
            assert_eq!(
                faint,
                serde_json::json!([]),
                "{scheme} at {width}: too little contrast"
            );
        }
    }
    let found = browser.run(STRUCTURE);
    assert_eq!(found, serde_json::json!([]));
    quiet(&browser, &page);
}

/// Pictures for whoever looks.
fn look(browser: &Browser, name: &str) {
    if std::env::var_os("WIRETAPE_SHOTS").is_none() {
        return;
    }
    for (part, script) in [
        (
            "matrix",
            "document.getElementById('matrix').scrollIntoView()",
        ),
        (
            "list",
            "document.getElementById('findings').scrollIntoView()",
        ),
        ("call", OPEN_FIRST),
        (
            "hex",
            "const d = document.querySelector('.finding[open] .bytes'); if (d) { d.open = true; d.scrollIntoView(); scrollBy(0, -330); }",
        ),
        (
            "stall",
            "document.querySelector('.finding.no_idle_timeout').open = true; document.querySelector('.finding.no_idle_timeout').scrollIntoView()",
        ),
        (
            "cut",
            "document.querySelector('.finding.truncation_accepted').open = true; document.querySelector('.finding.truncation_accepted .pictures').scrollIntoView()",
        ),
        ("plan", "scrollTo(0, document.body.scrollHeight)"),
    ] {
        browser.run(script);
        kept(&format!("{name}-{part}.png"), &browser.shot());
    }
}

const OPEN_FIRST: &str =
    "const f = document.getElementById('f-0'); f.open = true; f.scrollIntoView()";

/// Everything that must be there; returns what is not.
const STRUCTURE: &str = r"
const wrong = [];
const want = (what, is) => { if (!is) wrong.push(what); };
const all = (selector) => [...document.querySelectorAll(selector)];
want('one h1', all('h1').length === 1);
want('a matrix', all('table.matrix tbody tr').length > 10);
want('headers', all('th').every((one) => one.scope));
want('cells that lead to findings', all('.matrix td a').length > 5);
want('links that lead somewhere', all('a').every((one) => document.querySelector(one.getAttribute('href'))));
want('findings', all('details.finding').length > 20);
want('timelines', all('.finding').filter((one) => one.querySelector('svg.wire') && one.querySelector('svg.acts')).length > 20);
want('an untouched timeline beside', all('.finding .baseline svg.wire').length > 20);
want('places in pictures', all('svg.wire circle.callout').length > 5);
want('lanes', ['text', 'thinking', 'call'].every((kind) => all('svg.wire path.grow.' + kind).length > 0));
want('bytes', all('pre.hex mark').length > 5);
want('names of pictures', all('svg[role=img]').every((one) => one.getAttribute('aria-label')));
want('ids that are there once', new Set(all('[id]').map((one) => one.id)).size === all('[id]').length);
want('labels', all('input').every((one) => one.labels.length || one.getAttribute('aria-label')));
want('no style in an attribute', all('[style]').length === 0);
return wrong;
";

/// Texts whose contrast with what is behind them is below 4.5.
const FAINT: &str = r"
const numbers = (text) => (text.match(/[\d.]+/g) || []).map(Number);
const light = (rgb) => {
  const [r, g, b] = rgb.slice(0, 3).map((n) => n / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const rgb = numbers(getComputedStyle(at).backgroundColor);
    if (rgb.length === 3 || rgb[3] === 1) return rgb;
  }
  return [255, 255, 255];
};
const faint = new Set();
for (const one of document.querySelectorAll('body *')) {
  if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || !one.checkVisibility()) continue;
  const style = getComputedStyle(one);
  const svg = one instanceof SVGElement;
  if (one.matches('.hidden, .skip, script, text.callout, title')) continue;
  const [a, b] = [light(numbers(svg ? style.fill : style.color)), light(behind(one))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) faint.add(one.tagName + '.' + one.getAttribute('class') + ' ' + ratio.toFixed(2));
}
return [...faint];
";

#[test]
fn the_page_is_used_by_keyboard() {
    let Some((browser, page)) = opened("keys", &made::report(40)) else {
        return;
    };
    browser.screen(1280, 900, "light");
    browser.open(&page);
    let focus = |browser: &Browser| {
        let script =
            "const at = document.activeElement; return at.className || at.id || at.tagName";
        browser.run(script).as_str().unwrap().to_owned()
    };
    browser.press(&[TAB]);
    assert_eq!(
        focus(&browser),
        "skip",
        "the first stop leads past the head"
    );
    let seen = browser.run("return document.activeElement.getBoundingClientRect().left >= 0");
    assert_eq!(seen, true, "and is seen");
    browser.press(&[ENTER]);
    let mut stops = 0;
    loop {
        browser.press(&[TAB]);
        let at = browser.run("return document.activeElement.closest('.finding')?.id || ''");
        if at != "" {
            assert_eq!(at, "f-0");
            break;
        }
        stops += 1;
        assert!(
            stops < 60,
            "the findings are not reached; now at {}",
            focus(&browser)
        );
    }
    let outline = "return getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(
        browser.run(outline),
        "solid",
        "where the focus is must be seen"
    );
    browser.press(&[ENTER]);
    assert_eq!(
        browser.run("return document.getElementById('f-0').open"),
        true
    );
    browser.press(&["j", "j", "k"]);
    browser.wait_for("document.activeElement.closest('.finding')?.id === 'f-1'");
    // A cell of the matrix opens what it counts.
    browser.run("document.querySelector('.matrix td a').focus()");
    browser.press(&[ENTER]);
    browser.wait_for(
        "location.hash && document.activeElement.closest('.finding')?.id === location.hash.slice(1)",
    );
    browser.wait_for("document.getElementById(location.hash.slice(1)).open");
    // The search.
    browser.run("document.querySelector('input[type=search]').focus()");
    browser.press(&["F", "-", "3", "0"]);
    let shown =
        "return [...document.querySelectorAll('.finding')].filter((one) => one.checkVisibility())";
    let classes = browser.run(&format!("{shown}.map((one) => one.dataset.class)"));
    let classes = classes.as_array().unwrap();
    assert!(
        !classes.is_empty() && classes.iter().all(|class| class == "F-30"),
        "{classes:?}"
    );
    quiet(&browser, &page);
}

#[test]
fn the_page_works_without_a_script() {
    let Some((browser, page)) = opened("still", &made::report(40)) else {
        return;
    };
    browser.screen(390, 844, "light");
    browser.scripts(false);
    browser.open(&page);
    assert_eq!(
        browser.run("return document.querySelector('.tools')"),
        Value::Null
    );
    let number = |browser: &Browser, what: &str| {
        let script = format!(
            "return [...document.querySelectorAll('.finding{what}')].filter((one) => one.checkVisibility()).length"
        );
        browser.run(&script).as_u64().unwrap()
    };
    let (all, high) = (number(&browser, ""), number(&browser, ".high"));
    assert!(high > 0 && high < all, "{high} of {all}");
    browser.run("document.getElementById('only-high').click()");
    assert_eq!(
        (number(&browser, ""), number(&browser, ".high")),
        (all - high, 0)
    );
    browser.run("document.querySelector('.finding.medium summary').click()");
    let open = browser.run("return document.querySelector('.finding.medium').open");
    assert_eq!(open, true);
    quiet(&browser, &page);
}

#[test]
fn nothing_of_a_tape_runs() {
    let report = made::hostile(HOSTILE);
    let html = report.html();
    assert_eq!(html.matches("<script").count(), 1, "the page's own");
    assert_eq!(html.matches("onerror='").count(), 0);
    let Some((browser, page)) = opened("hostile", &report) else {
        return;
    };
    browser.screen(390, 844, "light");
    browser.open(&page);
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    assert_eq!(browser.run("return window.ran === undefined"), true);
    assert_eq!(browser.run("return document.images.length"), 0);
    let text = browser.run("return document.body.textContent");
    let times = text
        .as_str()
        .unwrap()
        .matches("</script><script>window.ran=1</script>")
        .count();
    assert!(times > 8, "it is shown as what it is, {times} times");
    let width = browser.run("return document.documentElement.scrollWidth");
    assert_eq!(width, 390);
    quiet(&browser, &page);
}
