//! What front ends' own packages make of a tape in their protocols: the text and the calls of our
//! transcript.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use wiretape_core::ui::Protocol;
use wiretape_core::{Options, Transcript, read};
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
        wanted.push((name, url, Transcript::of(&ours)));
    }
    let mut command = Command::new("node");
    command.arg(&script).arg(protocol.name());
    command.args(wanted.iter().map(|(_, url, _)| url));
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
    for ((tape, _, ours), told) in wanted.iter().zip(&told) {
        check(tape, ours, told);
    }
    say(&format!("{name} ({versions}): {} tapes", told.len()));
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
