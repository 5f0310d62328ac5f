//! The control API, as another process uses it.

use serde_json::{Value, json};
use wiretape_serve::{Config, Mount};
use wiretape_tape::{EndKind, encode};
use wiretape_vary::Profile;

use crate::client::{Client, post};
use crate::support::{Running, asks, stream, tape, wait_until};

fn two() -> wiretape_tape::Tape {
    let exchange = |text: &str| {
        stream(
            &asks(text),
            &["data: 1\n\n", "data: 2\n\n"],
            EndKind::Complete,
        )
    };
    tape(vec![exchange("a"), exchange("b")])
}

fn control(client: &mut Client, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = post(&format!("/_wiretape{path}"), &body.to_string());
    client.send(request.replacen("POST", method, 1).as_bytes());
    let answer = client.answer();
    (answer.status(), answer.json())
}

#[test]
fn it_tells_resets_and_releases() {
    let running = Running::with(Mount::new(&two()).hold_before(0, 1));
    running.server().mount("/b", Mount::new(&two())).unwrap();
    let mut client = Client::connect(running.addr());
    let mut held = Client::connect(running.addr());
    let secret = "authorization: Bearer abc\r\nhost";
    held.send(
        post("/v1/messages", &asks("a"))
            .replacen("host", secret, 1)
            .as_bytes(),
    );
    wait_until(|| running.server().state("").unwrap().held == 1);

    let none = Value::Null;
    let state = json!({
        "exchanges": 2, "consumed": 1, "unused": [1], "requests": 1, "misses": 0, "too_large": 0,
        "in_flight": 1, "held": 1
    });
    let (status, told) = control(&mut client, "GET", "/state?prefix=", &none);
    assert_eq!((status, told), (200, json!({"prefix": "", "state": state})));
    let (_, all) = control(&mut client, "GET", "/state", &none);
    assert_eq!(all["mounts"][0]["state"], state);
    assert_eq!(all["mounts"][1]["prefix"], "/b");
    assert_eq!(
        control(&mut client, "GET", "/state?prefix=%2Fb", &none).1["prefix"],
        "/b"
    );

    let (_, told) = control(&mut client, "GET", "/requests?prefix=", &none);
    let seen = &told["requests"][0];
    assert_eq!(seen["body"], json!({"stream": true, "text": "a"}));
    assert_eq!(
        (&seen["exchange"], &seen["outcome"]),
        (&json!(0), &json!("in_flight"))
    );
    assert!(!told.to_string().contains("abc"), "no secrets: {told}");

    let (_, told) = control(&mut client, "POST", "/release?prefix=", &none);
    assert_eq!(told, json!({"prefix": "", "released": 1}));
    assert_eq!(held.answer().chunks.len(), 2);
    let (_, told) = control(&mut client, "POST", "/reset", &none);
    assert_eq!(told["mounts"].as_array().unwrap().len(), 2);
    let (_, told) = control(&mut client, "GET", "/state?prefix=", &none);
    assert_eq!(told["state"]["unused"], json!([0, 1]));
}

#[test]
fn it_mounts_what_was_offered_or_sent() {
    let running = Running::start(Config::default());
    running.server().offer("two", two());
    let mut client = Client::connect(running.addr());
    let wanted = json!({
        "prefix": "/x", "tape": "two", "seed": 7, "profile": "wire", "matching": "first",
        "pace": {"scripted": {"n": 1000, "of": 1}}, "flush": "batch", "close": false,
    });
    let (status, told) = control(&mut client, "POST", "/mount", &wanted);
    assert_eq!(
        (status, told),
        (200, json!({"mounted": "/x", "exchanges": 2}))
    );
    let here = Mount::new(&two()).seed(7, Profile::Wire);
    let answer = Client::connect(running.addr()).post("/x/v1/messages", &asks("a"));
    let chunks: Vec<&[u8]> = here
        .script(0)
        .unwrap()
        .steps()
        .map(|step| step.bytes)
        .collect();
    assert_eq!(answer.chunks, chunks);

    let hold = json!({"exchange": 0, "event": 1});
    let strict = json!({"strict": {"ignore": ["/text"]}});
    let inline = json!({"tape_text": encode(&two()), "matching": strict, "hold": hold});
    assert_eq!(control(&mut client, "POST", "/mount", &inline).0, 200);
    let mut held = Client::connect(running.addr());
    held.send(post("/v1/messages", &asks("something else")).as_bytes());
    wait_until(|| running.server().state("").unwrap().held == 1);
    assert_eq!(running.server().release(""), 1);
    assert_eq!(held.answer().chunks.len(), 2);

    let (status, told) = control(&mut client, "DELETE", "/mount?prefix=/x", &Value::Null);
    assert_eq!((status, told), (200, json!({"unmounted": "/x"})));
    assert_eq!(
        control(&mut client, "DELETE", "/mount?prefix=/x", &Value::Null).0,
        404
    );
    assert!(running.server().state("/x").is_none());
}

/// The words of the command line, as its help writes them here.
#[test]
fn it_mounts_by_the_words_of_the_command_line() {
    let running = Running::start(Config::default());
    running.server().offer("two", two());
    let mut client = Client::connect(running.addr());
    for (matching, status) in [("strict", 404), ("sequence", 200), ("first", 404)] {
        for pace in ["recorded", "instant"] {
            let wanted = json!({"tape": "two", "matching": matching, "pace": pace});
            let (mounted, told) = control(&mut client, "POST", "/mount", &wanted);
            assert_eq!(mounted, 200, "{told}");
            let answer = Client::connect(running.addr()).post("/v1/messages", &asks("other"));
            assert_eq!(answer.status(), status, "{wanted}");
        }
    }
    for (field, wanted) in [
        ("matching", json!({"tape": "two", "matching": "exact"})),
        ("pace", json!({"tape": "two", "pace": "fast"})),
    ] {
        let (status, told) = control(&mut client, "POST", "/mount", &wanted);
        assert_eq!(status, 400);
        assert!(
            told.to_string()
                .contains(&format!("{field}: unknown variant")),
            "{told}"
        );
    }
}

#[test]
fn it_says_what_it_expected() {
    let running = Running::start(Config::default());
    running.server().offer("two", two());
    let mut client = Client::connect(running.addr());
    for (method, path, body, status, said) in [
        ("GET", "", json!(null), 404, "GET /_wiretape/state"),
        (
            "GET",
            "/nothing",
            json!(null),
            404,
            "DELETE /_wiretape/mount",
        ),
        ("POST", "/state", json!(null), 404, "GET /_wiretape/state"),
        ("GET", "/state?prefix=/x", json!(null), 404, "there is none"),
        ("GET", "/state?name=/x", json!(null), 400, "?prefix="),
        ("POST", "/mount", json!([]), 400, "the mount"),
        ("POST", "/mount", json!({}), 400, "tape and tape_text"),
        ("POST", "/mount", json!({"tape": "three"}), 400, "two"),
        (
            "POST",
            "/mount",
            json!({"tape_text": "{}"}),
            400,
            "tape_text",
        ),
        (
            "POST",
            "/mount",
            json!({"tape": "two", "prefix": "x"}),
            400,
            "prefix",
        ),
        (
            "POST",
            "/mount",
            json!({"tape": "two", "profile": "wire"}),
            400,
            "seed",
        ),
        (
            "POST",
            "/mount",
            json!({"tape": "two", "sead": 1}),
            400,
            "sead",
        ),
        (
            "POST",
            "/mount",
            json!({"tape": "two", "hold": {"exchange": 2, "event": 0}}),
            400,
            "below 2",
        ),
    ] {
        let (found, told) = control(&mut client, method, path, &body);
        let message = told["error"]["message"].as_str().unwrap();
        assert_eq!(found, status, "{method} {path} {body}: {message}");
        assert!(message.contains(said), "{method} {path} {body}: {message}");
    }
}
