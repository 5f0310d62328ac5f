//! What reading each compatible server needs: the options that `Options::as_sent_by` sets, and what
//! they do to a reply, whatever its deltas and however its bytes are cut.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::select;
use wiretape_core::{Dialect, Options, Reader, Server, Transcript, read};

/// The lines in which two values differ as they are printed.
fn changes(from: &Options, to: &Options) -> BTreeSet<String> {
    let (from, to) = (format!("{from:#?}"), format!("{to:#?}"));
    let pairs = from.lines().zip(to.lines());
    let other = pairs.filter(|(from, to)| from != to);
    other
        .map(|(_, to)| to.trim().trim_end_matches(',').to_owned())
        .collect()
}

#[test]
fn a_server_sets_the_options_that_its_needs_name_and_no_others() {
    for server in Server::ALL {
        let strict = Options::strict();
        let set = changes(&strict, &strict.as_sent_by(server));
        let named: BTreeSet<String> = server
            .needs()
            .iter()
            .map(|need| {
                let (_, field) = need
                    .setting
                    .option
                    .rsplit_once('.')
                    .unwrap_or(("", need.setting.option));
                format!("{field}: {}", need.setting.value)
            })
            .collect();
        assert_eq!(set, named, "{server}");
        for need in server.needs() {
            assert!(need.source.starts_with("https://"), "{server}: {need:?}");
            assert!(need.id.starts_with("F-"), "{server}: {need:?}");
        }
    }
}

#[test]
fn names_are_read_and_an_unknown_one_lists_them() {
    for server in Server::ALL {
        assert_eq!(server.name().parse(), Ok(server));
        // What it sends and what reading it needs have one name.
        let preset = wiretape::vary::classes::preset(server.name()).map(|preset| preset.dialect);
        assert_eq!(preset, Some(Dialect::OpenAiChat), "{server}");
    }
    let error = "grok".parse::<Server>().unwrap_err().to_string();
    insta::assert_snapshot!(error, @"no such server, expected azure, cerebras, deepseek, gemini-openai-compat, glm-random-ids, groq, kimi, litellm, llamacpp, lmstudio, mistral, ollama-openai, openrouter, perplexity, qwen, sglang, vllm, xai or zai");
}

#[test]
fn the_table_in_the_readme_is_what_the_code_says() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let mut table = String::from("| `--server` | options set | because |\n|---|---|---|\n");
    let mut plain = Vec::new();
    for server in Server::ALL {
        if server.needs().is_empty() {
            plain.push(format!("`{server}`"));
            continue;
        }
        let (mut options, mut because) = (Vec::new(), Vec::<String>::new());
        for need in server.needs() {
            let value = match need.setting.value {
                "true" => String::new(),
                value => format!(" = `{value}`"),
            };
            options.push(format!("`{}`{value}", need.setting.option));
            let reason = format!("{} ([{}]({}))", need.why, need.id, need.source);
            if !because.iter().any(|known| known.starts_with(need.why)) {
                because.push(reason);
            }
        }
        let _ = writeln!(
            table,
            "| `{server}` | {} | {} |",
            options.join(", "),
            because.join("; ")
        );
    }
    let _ = writeln!(table, "| {} | none | as documented |", plain.join(", "));
    assert!(
        readme.contains(&table),
        "README.md does not hold:\n\n{table}"
    );
}

#[test]
fn a_server_is_known_by_its_host() {
    let chat = "/v1/chat/completions";
    for (host, path, expected) in [
        (
            "api.groq.com",
            "/openai/v1/chat/completions",
            Some(Server::Groq),
        ),
        ("https://API.Groq.com/openai/v1", "", Some(Server::Groq)),
        ("api.groq.com:443", "", Some(Server::Groq)),
        ("notapi.groq.com", chat, None),
        ("api.groq.com.example.org", chat, None),
        ("groq.com", chat, None),
        (
            "my-resource.openai.azure.com",
            "/openai/deployments/x/chat/completions",
            Some(Server::Azure),
        ),
        (
            "generativelanguage.googleapis.com",
            "/v1beta/openai/chat/completions",
            Some(Server::GeminiOpenAi),
        ),
        (
            "generativelanguage.googleapis.com",
            "/v1beta/models/x:streamGenerateContent",
            None,
        ),
        ("localhost:11434", chat, Some(Server::OllamaOpenAi)),
        ("http://127.0.0.1:1234", chat, Some(Server::LmStudio)),
        ("[::1]:1234", chat, Some(Server::LmStudio)),
        ("localhost:8000", chat, None),
        ("example.org:1234", chat, None),
        ("api.openai.com", chat, None),
        ("", "", None),
        ("é.x.ai", "", None),
    ] {
        assert_eq!(Server::detect(host, path), expected, "{host} {path}");
    }
}

/// A chat stream of these contents, each a delta of its own, then `stop` and `[DONE]`.
fn stream<'a>(field: &str, contents: impl IntoIterator<Item = &'a str>) -> String {
    let mut body = String::new();
    for content in contents {
        let delta =
            serde_json::json!({"id": "c", "choices": [{"index": 0, "delta": {field: content}}]});
        let _ = write!(body, "data: {delta}\n\n");
    }
    body + "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
}

fn both() -> Options {
    let mut options = Options::lenient();
    options.dialect.split_think_tags = true;
    options.dialect.cumulative_text = true;
    options
}

fn tags() -> Options {
    let mut options = Options::lenient();
    options.dialect.split_think_tags = true;
    options
}

fn cumulative() -> Options {
    let mut options = Options::lenient();
    options.dialect.cumulative_text = true;
    options
}

/// Reasoning, text, and what was counted.
fn said(options: Options, body: &str) -> (String, String, String) {
    let got = Transcript::of(&read(Dialect::OpenAiChat, options, body.as_bytes()));
    assert_eq!(got.rejected, None, "{body}");
    let counted: Vec<String> = got
        .warnings
        .iter()
        .map(|(id, n)| format!("{id}×{n}"))
        .collect();
    (got.reasoning, got.text, counted.join(" "))
}

fn check(options: Options, contents: &[&str], expected: (&str, &str, &str)) {
    let (reasoning, text, counted) = said(options, &stream("content", contents.iter().copied()));
    assert_eq!((&*reasoning, &*text, &*counted), expected, "{contents:?}");
}

#[test]
fn f51_a_thought_between_tags_is_no_answer_where_it_is_asked_for() {
    let contents = ["<think>\nhm", "\n</think>\n\nYes"];
    check(tags(), &contents, ("\nhm\n", "\n\nYes", "F-51×1"));
    let as_sent = ("", "<think>\nhm\n</think>\n\nYes", "");
    check(Options::lenient(), &contents, as_sent);
    check(
        tags(),
        &["<th", "ink>a<", "/thi", "nk", ">b"],
        ("a", "b", "F-51×1"),
    );
    check(tags(), &["<think></think>b"], ("", "b", "F-51×1"));
    check(
        tags(),
        &["<think>never closed </thi"],
        ("never closed </thi", "", "F-51×1"),
    );
    check(
        tags(),
        &["<think>a </thi </think>b</think>"],
        ("a </thi ", "b</think>", "F-51×1"),
    );
    // Blanks in front stay; a tag behind anything else is text.
    check(
        tags(),
        &["\n", " <think>", "a</think>"],
        ("a", "\n ", "F-51×1"),
    );
    check(
        tags(),
        &["a <think>b</think>"],
        ("", "a <think>b</think>", ""),
    );
    check(tags(), &["<thi"], ("", "<thi", ""));
    check(tags(), &["<thi", "s"], ("", "<this", ""));
    check(
        tags(),
        &["<think>a</think>b<think>c</think>"],
        ("a", "b<think>c</think>", "F-51×1"),
    );
}

#[test]
fn f58_text_that_is_sent_as_a_whole_each_time_is_said_once() {
    check(
        cumulative(),
        &["a", "ab", "abc", "abc"],
        ("", "abc", "F-58×3"),
    );
    check(Options::lenient(), &["a", "ab", "abc"], ("", "aababc", ""));
    // Each piece goes on from the one before: the second one shows it.
    check(cumulative(), &["a", "b", "ab"], ("", "abab", ""));
    // The same again shows nothing yet.
    check(cumulative(), &["ha", "ha", "!"], ("", "haha!", ""));
    check(
        cumulative(),
        &["ha", "ha", "ha!", "ha!"],
        ("", "ha!", "F-58×3"),
    );
    check(cumulative(), &["ha", "ha"], ("", "ha", "F-58×1"));
    // Less of it than before is nothing new; something else is.
    check(
        cumulative(),
        &["a", "ab", "a", "x", "abx y"],
        ("", "abx y", "F-58×3"),
    );
    let thoughts = stream("reasoning_content", ["a", "ab"]);
    assert_eq!(
        said(cumulative(), &thoughts),
        ("ab".into(), String::new(), "F-58×1".into())
    );
    check(
        both(),
        &["<th", "<think>a</th", "<think>a</think>b"],
        ("a", "b", "F-51×1 F-58×2"),
    );
}

#[test]
fn what_is_held_back_comes_before_the_end_and_before_a_call_is_judged() {
    let call = r#"data: {"id":"c","choices":[{"index":0,"delta":{"content":"<thi","tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    let stop =
        r#"data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let events = |body: &str| {
        let mut reader = Reader::with_options(Dialect::OpenAiChat, tags());
        let mut seen = Vec::new();
        reader
            .feed(body.as_bytes(), &mut |event| {
                seen.push(format!("{event:?}"));
            })
            .unwrap();
        let turn = reader.finish_with(&mut |event| seen.push(format!("{event:?}")));
        (seen, Transcript::of(&turn))
    };
    let (seen, got) = events(&format!("{call}\n\n{stop}\n\ndata: [DONE]\n\n"));
    assert_eq!((&*got.text, got.tool_calls.len()), ("<thi", 1));
    let end = seen
        .iter()
        .position(|event| event.starts_with("End"))
        .unwrap();
    assert!(seen[end - 1].contains("<thi"), "{seen:?}");
    // Without a reason, and without an end.
    let (seen, got) = events(&format!("{call}\n\ndata: [DONE]\n\n"));
    assert!(seen.last().unwrap().starts_with("Done"), "{seen:?}");
    assert_eq!((&*got.text, got.tool_calls.len()), ("<thi", 0));
    let (seen, got) = events(&format!("{call}\n\n"));
    assert!(seen.last().unwrap().contains("<thi"), "{seen:?}");
    assert_eq!((&*got.text, got.tool_calls.len()), ("<thi", 0));
}

/// Thought and answer of a whole text, told the simple way.
fn told(text: &str) -> (String, String) {
    let inked = text.trim_start();
    let blanks = &text[..text.len() - inked.len()];
    let Some(rest) = inked.strip_prefix("<think>") else {
        return (String::new(), text.to_owned());
    };
    let (thought, answer) = rest.split_once("</think>").unwrap_or((rest, ""));
    (thought.to_owned(), format!("{blanks}{answer}"))
}

/// Pieces of a text, many of them near a tag.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = select(vec![
        "<think>", "</think>", "<", "<th", "think>", "</", "/think>", ">", " ", "\n", "a", "é😀",
        "<think", "<<think>", "k>b", "</<", "</think",
    ]);
    prop::collection::vec(piece, 1..9)
}

/// Cuts a text into pieces that are not empty.
fn cut<'a>(text: &'a str, cuts: &[prop::sample::Index]) -> Vec<&'a str> {
    let places: BTreeSet<usize> = text.char_indices().map(|(at, _)| at).skip(1).collect();
    let places: Vec<usize> = places.into_iter().collect();
    let mut ends: BTreeSet<usize> = BTreeSet::from([text.len()]);
    if !places.is_empty() {
        ends.extend(cuts.iter().map(|cut| *cut.get(&places)));
    }
    let mut from = 0;
    ends.into_iter()
        .map(|end| {
            let piece = &text[from..end];
            from = end;
            piece
        })
        .collect()
}

proptest! {
    #![proptest_config(crate::support::cases(2048))]

    /// However a text is cut into deltas, thought and answer are those of the whole text, and
    /// nothing but the two tags is taken away.
    #[test]
    fn tags_are_found_in_whatever_deltas(pieces in pieces(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let text = pieces.concat();
        let (reasoning, answer, _) = said(tags(), &stream("content", cut(&text, &cuts)));
        prop_assert_eq!((reasoning, answer), told(&text));
    }

    /// All of the text so far in each delta says what the deltas say.
    #[test]
    fn the_text_so_far_says_what_deltas_say(pieces in pieces(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let text = pieces.concat();
        let deltas = cut(&text, &cuts);
        let mut so_far = String::new();
        let whole: Vec<String> = deltas.iter().map(|delta| { so_far.push_str(delta); so_far.clone() }).collect();
        let (_, answer, counted) = said(cumulative(), &stream("content", whole.iter().map(String::as_str)));
        prop_assert_eq!(&answer, &text);
        let again = deltas.len() - 1;
        let expected = if again == 0 { String::new() } else { format!("F-58×{again}") };
        prop_assert_eq!(counted, expected);
        let (reasoning, answer, _) = said(both(), &stream("content", whole.iter().map(String::as_str)));
        prop_assert_eq!((reasoning, answer), told(&text));
    }

    /// How the bytes are cut, and the fast path, change nothing under any server's options.
    #[test]
    fn bytes_are_read_alike_however_they_are_cut(
        pieces in pieces(),
        server in select(Server::ALL.to_vec()),
        size in 1..9_usize,
        escaped in any::<bool>(),
    ) {
        let mut body = stream("content", pieces.iter().copied());
        if escaped {
            body = body.replace("😀", "\\ud83d\\ude00").replace('<', "\\u003c");
        }
        let mut options = Options::lenient().as_sent_by(server);
        let events = |options: Options, size: usize| {
            let mut reader = Reader::with_options(Dialect::OpenAiChat, options);
            let mut seen = Vec::new();
            for chunk in body.as_bytes().chunks(size) {
                reader.feed(chunk, &mut |event| seen.push(format!("{event:?}"))).unwrap();
            }
            let result = reader.finish_with(&mut |event| seen.push(format!("{event:?}")));
            (seen, Transcript::of(&result))
        };
        let whole = events(options, body.len());
        prop_assert_eq!(&events(options, size), &whole);
        options.dialect.templates = false;
        prop_assert_eq!(&events(options, body.len()), &whole);
    }
}
