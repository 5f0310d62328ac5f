//! Whose turn it is: sequence, strict, first; retries; misses.

use serde_json::{Value, json};
use wiretape_serve::{Matching, Mount, MountError, Outcome, Report};
use wiretape_tape::{Body, EndKind, Exchange, Tape};

use crate::client::{Client, post};
use crate::support::{Running, asks, response, stream, tape, wait_until};

fn said(text: &str) -> Exchange {
    stream(
        &asks(text),
        &[&format!("data: {text}\n\n")],
        EndKind::Complete,
    )
}

fn refused(text: &str, status: u16) -> Exchange {
    let mut exchange = stream(&asks(text), &["{}"], EndKind::Complete);
    exchange.response = Some(response(status, &[("content-length", "2")]));
    exchange
}

fn text(answer: &crate::client::Answer) -> String {
    let body = String::from_utf8(answer.body()).unwrap();
    body.trim_start_matches("data: ").trim_end().to_owned()
}

/// Asks each and tells what came: the text, or the status.
fn talk(running: &Running, asked: &[&str]) -> Vec<String> {
    let mut client = Client::connect(running.addr());
    let mut told = Vec::new();
    for asked in asked {
        let (extra, asked) = asked.split_once('!').unwrap_or(("", asked));
        let request = post("/v1/messages", &asks(asked));
        let retry = format!("x-stainless-retry-count: {extra}\r\nhost");
        let request = if extra.is_empty() {
            request
        } else {
            request.replacen("host", &retry, 1)
        };
        client.send(request.as_bytes());
        let answer = client.answer();
        told.push(match answer.status() {
            200 => text(&answer),
            status => status.to_string(),
        });
    }
    told
}

#[test]
fn in_a_sequence_each_has_its_turn_whatever_its_body() {
    let running = Running::with(Mount::new(&tape(vec![said("a"), said("b")])));
    assert_eq!(talk(&running, &["x", "y", "z"]), ["a", "b", "404"]);
    let state = running.server().state("").unwrap();
    assert_eq!((state.consumed, state.misses, state.requests), (2, 1, 3));
    assert!(running.server().reset(""));
    assert_eq!(running.server().state("").unwrap().unused, [0, 1]);
    assert_eq!(talk(&running, &["x"]), ["a"]);
    assert_eq!(running.server().requests("").len(), 1);
    assert!(!running.server().reset("/elsewhere"));
}

#[test]
fn the_same_body_after_a_whole_answer_is_a_new_turn() {
    let running = Running::with(Mount::new(&tape(vec![said("a"), said("b")])));
    assert_eq!(talk(&running, &["x", "x", "x"]), ["a", "b", "404"]);
}

#[test]
fn a_retry_is_no_new_turn() {
    // The tape holds the retry too: it is served.
    let both = tape(vec![refused("a", 429), said("a"), said("b")]);
    let running = Running::with(Mount::new(&both));
    assert_eq!(talk(&running, &["x", "1!x", "y"]), ["429", "a", "b"]);
    // The same where the client does not say that it is one.
    let running = Running::with(Mount::new(&both));
    assert_eq!(talk(&running, &["x", "x", "y"]), ["429", "a", "b"]);
    let retries: Vec<bool> = running
        .server()
        .requests("")
        .iter()
        .map(|seen| seen.retry)
        .collect();
    assert_eq!(retries, [false, true, false]);
    // It does not: the failure again, as often as the client likes.
    let failing = tape(vec![refused("a", 529), said("b")]);
    let running = Running::with(Mount::new(&failing));
    assert_eq!(
        talk(&running, &["x", "1!x", "x", "y"]),
        ["529", "529", "529", "b"]
    );
    // A client that says so is believed even where the answer was whole.
    let running = Running::with(Mount::new(&tape(vec![said("a"), said("b")])));
    assert_eq!(talk(&running, &["x", "2!x", "0!y"]), ["a", "a", "b"]);
}

#[test]
fn a_retry_after_a_cut_stream_is_no_new_turn() {
    for end in [EndKind::Reset, EndKind::Unterminated, EndKind::ClientClosed] {
        let mut cut = said("a");
        cut.end = Some(wiretape_tape::End::of(&cut.chunks, 0, end));
        let running = Running::with(Mount::new(&tape(vec![cut, said("a"), said("b")])));
        for expected in ["a", "a"] {
            assert_eq!(talk(&running, &["x"]), [expected]);
        }
        assert_eq!(talk(&running, &["y"]), ["b"], "{end:?}");
        let outcomes: Vec<Outcome> = running
            .server()
            .requests("")
            .iter()
            .map(|seen| seen.outcome)
            .collect();
        assert_eq!(
            outcomes,
            [Outcome::Failed, Outcome::Complete, Outcome::Complete]
        );
    }
}

/// The client's next request, also over another connection, finds the answer before it told.
#[test]
fn an_answer_is_whole_as_soon_as_the_client_has_it() {
    let turns: Vec<String> = (0..300).map(|turn| turn.to_string()).collect();
    let exchanges = turns.iter().map(|turn| said(turn)).collect();
    let running = Running::with(Mount::new(&tape(exchanges)));
    for turn in &turns {
        assert_eq!(talk(&running, &["x"]), [turn.as_str()]);
    }
    assert!(running.server().requests("").iter().all(|seen| !seen.retry));
}

#[test]
fn a_request_that_comes_again_before_its_answer_ended_is_a_retry() {
    let mount = Mount::new(&tape(vec![said("a"), said("b")])).hold_before(0, 0);
    let running = Running::with(mount);
    let mut clients = [(); 2].map(|()| Client::connect(running.addr()));
    for (held, client) in (1..).zip(&mut clients) {
        client.send(post("/v1/messages", &asks("x")).as_bytes());
        wait_until(|| {
            running
                .server()
                .state("")
                .is_some_and(|state| state.held == held)
        });
    }
    assert_eq!(
        talk(&running, &["y"]),
        ["b"],
        "another request has the next turn"
    );
    assert_eq!(running.server().release(""), 2);
    for client in &mut clients {
        assert_eq!(text(&client.answer()), "a");
    }
}

#[test]
fn strict_finds_each_by_its_body_once() {
    let tape = tape(vec![said("a"), said("b"), said("a")]);
    let strict = Matching::Strict { ignore: Vec::new() };
    let running = Running::with(Mount::new(&tape).matching(strict));
    assert_eq!(
        talk(&running, &["b", "a", "a", "a", "b", "c"]),
        ["b", "a", "a", "404", "404", "404"]
    );
    let misses = running.server().requests("");
    assert_eq!(
        misses.iter().filter(|seen| seen.exchange.is_none()).count(),
        3
    );
}

#[test]
fn strict_compares_json_not_text_and_not_what_is_ignored() {
    let mut exchange = said("a");
    let body = r#"{"stream":true,"a":[{"id":"x1","n":1.0}],"metadata":{"user":"u1"},"z":"é"}"#;
    exchange.request.as_mut().unwrap().body = Body::Json(body.to_owned());
    let ignore = vec!["/metadata/user".to_owned(), "/a/0/id".to_owned()];
    let mount = Mount::new(&tape(vec![exchange])).matching(Matching::Strict { ignore });
    let running = Running::with(mount);
    let live = r#"{"z":"\u00e9", "metadata":{}, "a":[{"n":1,"id":"x2"}], "stream":true }"#;
    let mut client = Client::connect(running.addr());
    assert_eq!(
        client.post("/v1/messages?beta=true", live).status(),
        404,
        "the query counts"
    );
    assert_eq!(
        client.post("/messages", live).status(),
        404,
        "the whole path counts"
    );
    assert_eq!(client.post("/v1/messages", live).status(), 200);
}

/// A recorder replaces such values, so the tape cannot know them.
#[test]
fn strict_does_not_compare_the_keys_of_a_query() {
    let mut exchange = said("a");
    let path = "/v1beta/models/m:streamGenerateContent";
    exchange.request.as_mut().unwrap().path = format!("{path}?alt=sse&key=*********");
    let strict = Matching::Strict { ignore: Vec::new() };
    let running = Running::with(Mount::new(&tape(vec![exchange])).matching(strict));
    let mut client = Client::connect(running.addr());
    for (query, status) in [
        ("?alt=json&key=dummy", 404),
        ("?alt=sse", 404),
        ("?alt=sse&key=dummy", 200),
    ] {
        let answer = client.post(&format!("{path}{query}"), &asks("a"));
        assert_eq!(answer.status(), status, "{query}");
    }
}

#[test]
fn first_is_never_used_up() {
    let running = Running::with(Mount::new(&tape(vec![said("a")])).matching(Matching::First));
    assert_eq!(talk(&running, &["x", "y", "1!y"]), ["a", "a", "a"]);
    let several = tape(vec![said("a"), said("b"), refused("c", 429)]);
    let running = Running::with(Mount::new(&several).matching(Matching::First));
    assert_eq!(
        talk(&running, &["b", "a", "b", "c", "c", "d"]),
        ["b", "a", "b", "429", "429", "404"]
    );
}

#[test]
fn paths_agree_but_for_what_a_base_url_puts_in_front() {
    let running = Running::with(Mount::new(&tape(vec![said("a")])).matching(Matching::First));
    let mut client = Client::connect(running.addr());
    for (path, status) in [
        ("/v1/messages", 200),
        ("/messages", 200),
        ("/api/v1/messages", 200),
        ("/anthropic/v1/messages?beta=true", 200),
        ("/v1/messages/", 404),
        ("/v1/messages/count_tokens", 404),
        ("/v1/chat/completions", 404),
        ("/other/messages", 404),
        ("/", 404),
    ] {
        assert_eq!(
            client.post(path, r#"{"stream":true}"#).status(),
            status,
            "{path}"
        );
    }
}

#[test]
fn streaming_is_asked_by_body_or_path_never_by_accept() {
    let mut gemini = said("a");
    let asked = gemini.request.as_mut().unwrap();
    asked.path = "/v1beta/models/m:streamGenerateContent?alt=sse".to_owned();
    asked.body = Body::Json("{}".to_owned());
    let running = Running::with(Mount::new(&tape(vec![said("b"), gemini])));
    let mut client = Client::connect(running.addr());
    let accepting = |body: &str| {
        post("/v1/messages", body).replacen("host", "accept: text/event-stream\r\nhost", 1)
    };
    client.send(accepting("{}").as_bytes());
    let miss = client.answer();
    assert_eq!(miss.status(), 404);
    assert!(
        miss.json()["wiretape"]["why"]
            .to_string()
            .contains("not streamed")
    );
    client.send(
        accepting(&asks("x"))
            .replace("text/event-stream", "application/json")
            .as_bytes(),
    );
    assert_eq!(text(&client.answer()), "b");
    let path = "/v1beta/models/m:streamGenerateContent?key=AIzaSecret&alt=sse";
    assert_eq!(text(&client.post(path, "{}")), "a");
    let seen = running.server().requests("");
    assert!(seen[2].path.contains("AIzaSecret"), "the test sees it");
    for report in running.reports() {
        assert!(!report.to_string().contains("AIzaSecret"), "{report}");
    }
    assert!(!serde_json::to_string(&seen).unwrap().contains("AIzaSecret"));
}

#[test]
fn a_miss_shows_the_nearest_request_and_where_it_differs() {
    let body = |model: &str, text: &str| {
        let message = json!({"role": "user", "content": text});
        json!({"model": model, "stream": true, "messages": [message], "long": "y".repeat(900)})
    };
    let mut exchanges = vec![said("a"), said("b")];
    for (exchange, text) in exchanges.iter_mut().zip(["one", "two"]) {
        exchange.request.as_mut().unwrap().body = Body::Json(body("m1", text).to_string());
    }
    let mount = Mount::new(&tape(exchanges)).matching(Matching::Strict { ignore: Vec::new() });
    let running = Running::with(mount);
    let mut asked = body("m2", "two");
    asked["long"] = Value::from("z".repeat(900));
    asked["extra/~"] = Value::Null;
    let answer = Client::connect(running.addr()).post("/v1/messages", &asked.to_string());
    assert_eq!(answer.status(), 404);
    let told = answer.json();
    assert_eq!(told["type"], "error");
    assert_eq!(told["error"]["type"], "wiretape_miss");
    let facts = &told["wiretape"];
    assert_eq!(facts["nearest"], 1);
    let shortened = |letter: &str| format!("\"{}… and 702 bytes more", letter.repeat(199));
    let expected = json!([
        {"pointer": "/long", "expected": shortened("y"), "found": shortened("z")},
        {"pointer": "/model", "expected": "m1", "found": "m2"},
        {"pointer": "/extra~1~0", "found": null},
    ]);
    assert_eq!(facts["diff"], expected);
    let Report::Miss { nearest, diff, .. } =
        running.wait_for(|report| matches!(report, Report::Miss { .. }))
    else {
        unreachable!()
    };
    assert_eq!((nearest, diff.len()), (Some(1), 3));
}

#[test]
fn a_miss_is_in_the_dialects_shape() {
    let openai = Tape::from_body(
        b"data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
        Some("openai-chat"),
    );
    let running = Running::with(Mount::new(&openai));
    let mut client = Client::connect(running.addr());
    // No request was recorded: any agrees. Its head is made up from what the body is.
    let answer = client.get("/anything");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.body(), openai.exchanges[0].body());
    let miss = client.get("/anything");
    assert_eq!(
        (miss.status(), miss.json()["error"]["type"].as_str()),
        (404, Some("wiretape_miss"))
    );
    assert_eq!(
        miss.json()["wiretape"]["why"],
        "every exchange was used, of 1"
    );
}

/// Where a client of the dialect looks for what an error says.
#[test]
fn a_miss_says_why_where_a_client_looks() {
    for (dialect, place) in [
        ("anthropic", "/error/message"),
        ("openai-chat", "/error/message"),
        ("openai-responses", "/error/message"),
        ("openai-completions", "/error/message"),
        ("gemini", "/error/message"),
        ("ollama", "/error"),
        ("bedrock-converse", "/message"),
        ("bedrock-invoke", "/message"),
        ("cohere", "/message"),
    ] {
        let mut tape = tape(vec![said("a")]);
        tape.header.dialect = Some(dialect.to_owned());
        let running = Running::with(Mount::new(&tape));
        let miss = Client::connect(running.addr()).get("/elsewhere").json();
        let message = miss.pointer(place).and_then(Value::as_str);
        assert!(
            message.is_some_and(|message| message.starts_with("no recorded exchange")),
            "{dialect}: {miss}"
        );
        assert!(miss["wiretape"]["why"].is_string(), "{dialect}: {miss}");
    }
}

#[test]
fn prefixes_are_isolated() {
    let running = Running::with(Mount::new(&tape(vec![said("root")])));
    for prefix in ["/a", "/a/b", "/ab"] {
        running
            .server()
            .mount(prefix, Mount::new(&tape(vec![said(prefix)])))
            .unwrap();
    }
    let mut client = Client::connect(running.addr());
    for (prefix, told) in [("/a", "/a"), ("/a/b", "/a/b"), ("/ab", "/ab"), ("", "root")] {
        let answer = client.post(&format!("{prefix}/v1/messages"), &asks("x"));
        assert_eq!(text(&answer), told);
    }
    for prefix in ["/a", "/a/b", "/ab", ""] {
        assert_eq!(running.server().requests(prefix).len(), 1);
        assert_eq!(running.server().requests(prefix)[0].path, "/v1/messages");
    }
    assert!(running.server().unmount("") && !running.server().unmount(""));
    let answer = Client::connect(running.addr()).post("/nowhere/v1/messages", "{}");
    assert_eq!(answer.status(), 404);
    let message = answer.json()["error"]["message"].to_string();
    assert!(message.contains("/a, /a/b, /ab"), "{message}");
}

#[test]
fn what_cannot_be_mounted_is_refused() {
    let running = Running::with(Mount::new(&tape(vec![said("a")])));
    let mount = |prefix: &str, mount: Mount| running.server().mount(prefix, mount).unwrap_err();
    let good = || Mount::new(&tape(vec![said("a")]));
    for prefix in ["a", "/", "/a/", "//a", "/a b", "/a?b", "/a/b/c/d/e/f/g/h/i"] {
        assert_eq!(mount(prefix, good()), MountError::Prefix(prefix.to_owned()));
    }
    assert!(matches!(
        mount("/_wiretape/x", good()),
        MountError::Reserved(_)
    ));
    assert_eq!(mount("", Mount::new(&tape(Vec::new()))), MountError::Empty);
    assert!(matches!(
        mount("", good().dialect("klingon")),
        MountError::Dialect(_)
    ));
    let stopped = wiretape_serve::Pace::Scripted { n: 0, of: 1 };
    assert_eq!(mount("", good().pace(stopped)), MountError::Speed);
    let hold = MountError::Hold {
        exchange: 1,
        exchanges: 1,
    };
    assert_eq!(mount("", good().hold_before(1, 0)), hold);
    let bare = Mount::new(&Tape::from_body(b"data: 1\n\n", None));
    let strict = Matching::Strict { ignore: Vec::new() };
    assert_eq!(mount("", bare.matching(strict)), MountError::NoRequest(0));
    assert!(good().script(1).is_none());
}
