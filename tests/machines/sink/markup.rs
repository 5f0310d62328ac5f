//! Markdown said to Telegram: its sink, which reads entities as the platform does, refuses none of
//! it, and every letter and digit is shown.

use proptest::prelude::*;
use serde_json::Value;
use wiretape_core::Moment;
use wiretape_core::forward::api::{self, Chat};
use wiretape_core::forward::{Action, Platform, Via};
use wiretape_serve::sink::{self, Options, Request, Sink};

/// The text as it is sent, and as it is shown.
fn said(text: &str) -> (String, String) {
    let action = Action::Post {
        call: 0,
        key: None,
        text: text.to_owned(),
        markup: true,
        via: Via::Message,
    };
    let chat = Chat {
        id: "42".to_owned(),
        token: "7:key".to_owned(),
    };
    let request = api::request(Platform::Telegram, &chat, &action).unwrap();
    let sent: Value = serde_json::from_str(&request.body).unwrap();
    let mut sink = Sink::new(sink::Platform::Telegram, Options::default());
    let response = sink.handle(
        Moment(0),
        Request {
            method: request.method,
            path: &request.path,
            headers: &[("content-type", "application/json")],
            body: request.body.as_bytes(),
        },
    );
    assert_eq!(response.status, 200, "{sent}\n{}", response.body);
    let shown = sink.report().messages.remove(0).text;
    (sent["text"].as_str().unwrap().to_owned(), shown)
}

#[test]
fn markdown_becomes_the_html_that_telegram_takes() {
    for (markdown, html) in [
        (
            "plain & <tag> \"q\"",
            "plain &amp; &lt;tag&gt; &quot;q&quot;",
        ),
        (
            "**bold** and *italic* and _italic_",
            "<b>bold</b> and <i>italic</i> and <i>italic</i>",
        ),
        ("**a *b* c**", "<b>a <i>b</i> c</b>"),
        ("*a **b** c*", "<i>a <b>b</b> c</i>"),
        ("~~gone~~", "<s>gone</s>"),
        // What is no markup is text.
        (
            "snake_case_name and __init__x",
            "snake_case_name and __init__x",
        ),
        ("2 * 3 * 4, 2*3*4", "2 * 3 * 4, 2*3*4"),
        ("**never closed", "**never closed"),
        ("* item\n* item", "* item\n* item"),
        ("a ` b", "a ` b"),
        ("[x](javascript:y) [z]", "[x](javascript:y) [z]"),
        // Emphasis ends with its paragraph.
        ("**a\n\nb**", "**a\n\nb**"),
        ("`a*b` ``c`d``", "<code>a*b</code> <code>c`d</code>"),
        (
            "[t](https://x.y/?a=1&b=2)",
            "<a href=\"https://x.y/?a=1&amp;b=2\">t</a>",
        ),
        ("## What *now*\nnext", "<b>What <i>now</i></b>\nnext"),
        ("#hashtag", "#hashtag"),
        (
            "see\n```rust\nlet a = b < c;\n```\nend",
            "see\n<pre><code class=\"language-rust\">let a = b &lt; c;</code></pre>\nend",
        ),
        ("```\ncut *here", "<pre>cut *here</pre>"),
        ("```rust", "```rust"),
    ] {
        assert_eq!(said(markdown).0, html, "{markdown}");
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn markdown() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "*",
        "**",
        "***",
        "_",
        "__",
        "`",
        "``",
        "```",
        "```\n",
        "```rust\n",
        "~~",
        "~",
        "[",
        "]",
        "](",
        ")",
        "(https://a.b)",
        "# ",
        "## ",
        "\n",
        "\n\n",
        " ",
        "a",
        "bc",
        "1",
        "é",
        "语",
        "🦀",
        "<",
        ">",
        "&",
        "\"",
        "&lt;",
        "<b>",
        "</b>",
        "- ",
        "|",
        "\\",
        "\u{200b}",
    ]);
    prop::collection::vec(piece, 1..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_markdown_is_refused_and_no_letter_lost(text in markdown()) {
        if letters(&text).is_empty() {
            return Ok(());
        }
        let (sent, shown) = said(&text);
        // A language and an address are not shown as text.
        let hidden = text.contains("```") || text.contains("https");
        prop_assert!(hidden || letters(&shown) == letters(&text), "{text:?}\n{sent}\n{shown:?}");
    }
}
