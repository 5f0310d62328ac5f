//! A client that does as it is told: right, or so that a careless harness would tell lies of it.
//!
//! usage: told MODE     a worker, but for the mode `process`

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use wiretape::core::conversation::{Conversation, ToolResult};
use wiretape::core::{Dialect, Options, read};
use wiretape::http::{Client, End, Request};

/// What is asked where no order says it.
const ASK: &str = r#"{"model":"m","max_tokens":64,"stream":true,
    "tools":[{"name":"get_weather","input_schema":{"type":"object"}}],
    "messages":[{"role":"user","content":"Go on."}]}"#;
const TURNS_MAX: usize = 6;

/// What a run came to.
#[derive(Default)]
struct Told {
    text: String,
    calls: Vec<Value>,
    error: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    if mode == "process" {
        return process().await;
    }
    eprintln!("a key: {}", ["sk", &"a1b2c3d4".repeat(5)].join("-"));
    for (number, line) in std::io::stdin().lines().enumerate() {
        let order: Value = serde_json::from_str(&line?)?;
        let base = order["base_url"].as_str().unwrap_or_default();
        let told = run(&mode, base, &order["request"].to_string()).await;
        answer(&mode, number, &order, &told)?;
        if mode == "goes" {
            return Ok(());
        }
    }
    Ok(())
}

/// What the mode says of the answer.
fn answer(mode: &str, number: usize, order: &Value, told: &Told) -> Result<(), Box<dyn Error>> {
    let run = order["run"].as_str().unwrap_or_default();
    // Not on the untouched tapes, whose runs begin with a letter.
    let cases = run.starts_with(|c: char| c.is_ascii_digit());
    let mut line =
        json!({"run": run, "text": told.text, "tool_calls": told.calls, "error": told.error});
    let mut out = std::io::stdout().lock();
    match mode {
        "crashes" if cases && number % 2 == 0 => std::process::abort(),
        "hangs" if cases => std::thread::sleep(Duration::from_secs(3_600)),
        "babbles" if cases => return Ok(writeln!(out, "I am no JSON")?),
        "another" if cases => line["run"] = json!("another"),
        "separator" => line["stop"] = json!("end\u{2028}turn\u{85}"),
        "surrogate" => {
            let line = line.to_string().replacen('{', r#"{"stop":"\ud83d","#, 1);
            return Ok(writeln!(out, "{line}")?);
        }
        _ => {}
    }
    Ok(writeln!(out, "{line}")?)
}

async fn process() -> Result<(), Box<dyn Error>> {
    let base = std::env::var("ANTHROPIC_BASE_URL")?;
    println!("beginning");
    let told = run("right", &base, ASK).await;
    println!(
        "{}",
        json!({"text": told.text, "tool_calls": told.calls, "error": told.error})
    );
    std::process::exit(i32::from(told.error.is_some()));
}

async fn run(mode: &str, base: &str, request: &str) -> Told {
    let mut told = Told::default();
    let ended = match mode {
        // The path of the base URL is dropped.
        "root" => {
            let host = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            turns(mode, &host, request, &mut told).await
        }
        _ => turns(mode, base, request, &mut told).await,
    };
    told.error = ended.err().map(|error| error.to_string());
    told
}

/// An agent's loop: a reply that did not end as it must is an error, and its calls are not run.
async fn turns(
    mode: &str,
    base: &str,
    request: &str,
    told: &mut Told,
) -> Result<(), Box<dyn Error>> {
    let dialect = Conversation::sniff(request).unwrap_or(Dialect::Anthropic);
    let mut conversation = Conversation::parse(dialect, request)?;
    let path = match dialect {
        Dialect::Anthropic => "/v1/messages",
        _ => "/v1/chat/completions",
    };
    for _ in 0..TURNS_MAX {
        let mut response = Client::new(base)?
            .send(Request::post(path).body(conversation.body()))
            .await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await {
            body.extend_from_slice(&chunk);
        }
        if mode == "fussy" && (body.contains(&b'\r') || body.starts_with("\u{feff}".as_bytes())) {
            return Err("only LF ends a line".into());
        }
        let whole = response.status == 200 && response.end() == Some(&End::Complete);
        let turn = match read(dialect, Options::default(), &body) {
            Ok(turn) if whole => turn,
            Ok(_) => return Err("the body ended early".into()),
            Err(rejected) => return Err(rejected.to_string().into()),
        };
        told.text += &turn.text();
        let calls = turn.tool_calls().iter();
        told.calls
            .extend(calls.map(|call| json!({"name": call.name, "arguments_text": call.arguments})));
        let written = conversation.push_reply(turn.reply());
        if written.is_empty() {
            return Ok(());
        }
        let results = written.iter().map(|call| ToolResult {
            call: call.id.clone(),
            name: call.name.clone(),
            content: "done".into(),
            is_error: false,
        });
        conversation.push_results(&results.collect::<Vec<_>>());
    }
    Err("too many turns".into())
}
