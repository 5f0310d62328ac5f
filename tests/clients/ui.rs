//! What front ends' own packages make of a tape in their protocols: the text and the calls of our
//! transcript.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use wiretape_core::ui::Protocol;
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_serve::{Config, Matching, Mount, Server, in_protocol};

use crate::support::tapes;
use crate::worker::installed;
use crate::{missing, say, versions};

/// Every tape whose first request was answered, read once.
fn run(name: &str, protocol: Protocol, packages: &[&str]) {
    let script = installed().join("node/ui.mjs");
    let versions = versions("node", packages);
    if !script.exists() {
        missing(name, "node", &versions);
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(Config::default())).unwrap();
    let mut wanted = Vec::new();
    for (number, (name, loaded)) in tapes().into_iter().enumerate() {
        let first = loaded.tape.exchanges.first();
        let answered = |exchange: &&wiretape_tape::Exchange| {
            exchange
                .response
                .as_ref()
                .is_some_and(|head| head.status == 200)
        };
        let Some((exchange, dialect)) = first.filter(answered).zip(loaded.dialect) else {
            continue;
        };
        let ours = read(dialect, Options::default(), &exchange.body());
        let tape = in_protocol(&loaded.tape, Some(dialect), protocol);
        let prefix = format!("/t{number}");
        let mount = Mount::new(&tape).matching(Matching::First);
        server.mount(&prefix, mount).unwrap();
        let url = format!("{}{prefix}", server.url());
        wanted.push((name, url, dialect, Transcript::of(&ours)));
    }
    let mut command = Command::new("node");
    command.arg(&script).arg(protocol.name());
    command.args(wanted.iter().map(|(_, url, ..)| url));
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.unwrap();
    runtime.block_on(server.stop(Duration::from_secs(1)));
    assert!(output.status.success(), "{name}: the program failed");
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Value> = told
        .split_terminator('\n')
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), wanted.len());
    for ((tape, _, dialect, ours), told) in wanted.iter().zip(&told) {
        check(tape, ours, told);
        check_served(tape, ours, told);
        check_usage(tape, *dialect, ours, told);
        let sources = told["sources"].as_array().unwrap();
        let cited = CITED.iter().filter(|(of, ..)| of == tape);
        let cited: Vec<Value> = cited.map(|(_, source)| (*source).into()).collect();
        let said = sources.iter();
        let said: Vec<Value> = said
            .map(|source| match &source["url"] {
                Value::Null => source["title"].clone(),
                url => url.clone(),
            })
            .collect();
        assert_eq!(said, cited, "{tape}");
    }
    say(&format!("{name} ({versions}): {} tapes", told.len()));
}

/// What the answers of these tapes cite: a page's URL, or a document's title.
const CITED: [(&str, &str); 3] = [
    (
        "anthropic/server-tool.tape",
        "https://ferry.example.org/timetable",
    ),
    ("cohere/text-citations.tape", "Log"),
    (
        "openai-responses/server-tool.tape",
        "https://tides.example/saint-malo",
    ),
];

/// The calls that the provider ran are apart from those that the front end is to run.
#[track_caller]
fn check_served(tape: &str, ours: &Transcript, told: &Value) {
    let told = told["server_calls"].as_array().unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|call| (call["name"].clone(), call["input"].clone()))
        .collect();
    let wanted: Vec<(Value, Value)> = ours
        .server_calls
        .iter()
        .map(|call| {
            let input = serde_json::from_str(&call.arguments).unwrap();
            (call.name.as_str().into(), input)
        })
        .collect();
    assert_eq!(told, wanted, "{tape}");
}

/// Both protocols count cached tokens within the input.
#[track_caller]
fn check_usage(tape: &str, dialect: Dialect, ours: &Transcript, told: &Value) {
    let ours = &ours.usage;
    let beside = match dialect {
        Dialect::Anthropic | Dialect::BedrockConverse | Dialect::BedrockInvoke => {
            ours.cache_read.unwrap_or(0) + ours.cache_write.unwrap_or(0)
        }
        _ => 0,
    };
    let usage = &told["usage"];
    let count = |name| usage[name].as_u64();
    assert_eq!(
        count("inputTokens"),
        ours.input.map(|input| input + beside),
        "{tape}: {usage}"
    );
    assert_eq!(count("outputTokens"), ours.output, "{tape}: {usage}");
}

#[track_caller]
fn check(tape: &str, ours: &Transcript, told: &Value) {
    let text = format!("{}{}", ours.text, ours.refusal);
    assert_eq!(told["text"], text.as_str(), "{tape}");
    assert_eq!(told["reasoning"], ours.reasoning.as_str(), "{tape}");
    let calls = told["tool_calls"].as_array().unwrap();
    let calls: Vec<_> = calls
        .iter()
        .map(|call| (&call["name"], &call["input"]))
        .collect();
    let wanted = ours.tool_calls.iter();
    let names: Vec<Value> = wanted
        .clone()
        .map(|call| call.name.as_str().into())
        .collect();
    let wanted: Vec<_> = names.iter().zip(wanted.map(|call| &call.input)).collect();
    assert_eq!(calls, wanted, "{tape}");
    let rejected = told["rejected_calls"].as_array().unwrap();
    assert_eq!(rejected.len(), ours.rejected_calls.len(), "{tape}");
    // A reply that was cut short by its limit or a filter is no error of the run.
    let failed = ours
        .rejected
        .as_deref()
        .is_some_and(|why| why != "unsafe_stop");
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(!errors.is_empty(), failed, "{tape}: {errors:?}");
}

#[test]
fn ui_message_stream() {
    run("ui_message_stream", Protocol::UiMessageStream, &["ai"]);
}

#[test]
fn ag_ui() {
    run("ag_ui", Protocol::AgUi, &["@ag-ui/client"]);
}
