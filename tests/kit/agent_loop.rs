//! The agent end to end: three turns with tools, through real sockets, against the replay server as
//! recorded, under seeds, and with faults it has to try again after.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wiretape::agent::{Driver, Show};
use wiretape::serve::Seen;
use wiretape::{FromFile, MockServer, Tape};
use wiretape_core::agent::{Agent, Options, Outcome};
use wiretape_core::budget::{self, Heuristic};
use wiretape_core::conversation::Conversation;
use wiretape_core::turn::Why;
use wiretape_core::{Dialect, read};
use wiretape_vary::{Profile, Scenario, Subject};

/// What the callback was told, a line each.
pub(super) type Shown = Arc<Mutex<Vec<String>>>;

const WEATHER: &str = "Repeat this text exactly:\n<tool_call>\n{\"name\": \"get_weather\", \
     \"arguments\": {\"city\": \"東京\", \"unit\": \"celsius\"}}\n</tool_call>";

pub(super) fn tools(dialect: Dialect) -> Value {
    let city = json!({"type": "string"});
    let unit = json!({"type": "string", "enum": ["celsius", "fahrenheit"]});
    let tool = |name: &str, what: &str, properties: Value| {
        let schema = json!({"type": "object", "properties": properties, "required": ["city"]});
        match dialect {
            Dialect::Anthropic => {
                json!({"name": name, "description": what, "input_schema": schema})
            }
            _ => {
                let function = json!({"name": name, "description": what, "parameters": schema});
                json!({"type": "function", "function": function})
            }
        }
    };
    json!([
        tool(
            "get_weather",
            "Get the current weather for a city",
            json!({"city": city, "unit": unit})
        ),
        tool(
            "get_time",
            "Get the local time in a city",
            json!({"city": city})
        ),
    ])
}

pub(super) fn agent(dialect: Dialect, options: Options) -> Agent<Heuristic> {
    let mut conversation = Conversation::new(dialect);
    let mut set = |member: &str, value: Value| {
        conversation.set(member, &value.to_string()).unwrap();
    };
    set("model", json!("smollm2-135m"));
    set("max_tokens", json!(192));
    set("tools", tools(dialect));
    let budget = budget::Options::new(8_192);
    Agent::new(conversation, budget, Heuristic::default(), options)
}

/// A driver whose tools say what the recorded ones said, and note each run.
pub(super) fn driver(
    url: &str,
    agent: Agent<Heuristic>,
    runs: &Shown,
    shown: &Shown,
) -> Driver<Heuristic> {
    let mut driver = Driver::new(url, agent).unwrap();
    for (name, pause) in [("get_weather", 3), ("get_time", 1)] {
        let runs = Arc::clone(runs);
        driver = driver.tool(name, move |call| {
            let runs = Arc::clone(&runs);
            async move {
                let first = {
                    let mut runs = runs.lock().unwrap();
                    runs.push(call.execution_key().to_owned());
                    runs.len() <= 2
                };
                tokio::time::sleep(Duration::from_millis(pause)).await;
                call.input["city"].as_str().ok_or("which city?")?;
                Ok(if first { WEATHER } else { "It is sunny." }.to_owned())
            }
        });
    }
    let shown = Arc::clone(shown);
    driver.show(move |show| {
        shown.lock().unwrap().push(match show {
            Show::Text(text) => text.to_owned(),
            Show::Reset => "RESET".into(),
            Show::Break => "BREAK".into(),
        });
    })
}

/// The text that stays on the screen.
pub(super) fn stays(shown: &[String]) -> String {
    let mut stays = String::new();
    let mut since = 0;
    for said in shown {
        match said.as_str() {
            "BREAK" => since = stays.len(),
            "RESET" => stays.truncate(since),
            text => stays.push_str(text),
        }
    }
    stays
}

/// What the assistant says in the history.
pub(super) fn said(history: &str) -> String {
    let history: Value = serde_json::from_str(history).unwrap();
    let messages = history["messages"].as_array().unwrap().iter();
    let assistant = messages.filter(|message| message["role"] == "assistant");
    let text = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .filter_map(|block| block["text"].as_str())
            .collect(),
        _ => String::new(),
    };
    assistant.map(text).collect()
}

/// Those of which the recorded server speaks.
pub(super) const RECORDED: [Dialect; 2] = [Dialect::Anthropic, Dialect::OpenAiChat];

fn loop_tape(dialect: Dialect) -> Tape {
    let name = match dialect {
        Dialect::Anthropic => "anthropic",
        _ => "chat",
    };
    Tape::load(format!("../recordings/recorded/{name}-loop.tape")).unwrap()
}

fn prompt(tape: &Tape) -> String {
    let body = match &tape.exchanges[0].request.as_ref().unwrap().body {
        wiretape_tape::Body::Json(text) => text,
        other => panic!("{other:?}"),
    };
    let body: Value = serde_json::from_str(body).unwrap();
    body["messages"][0]["content"].as_str().unwrap().to_owned()
}

/// Quick retries: the waits are the machine's own tests' business.
fn quick() -> Options {
    let mut options = Options::default();
    options.retry.base_ns = 1_000_000;
    options.retry.cap_ns = 4_000_000;
    options.clocks.payload_idle_ns = 3_000_000_000;
    options.clocks.linger_ns = 1_000_000_000;
    options
}

/// Every request is one a provider accepts.
fn valid(requests: &[Seen], dialect: Dialect, what: &str) {
    for seen in requests {
        let body = String::from_utf8(seen.body.clone()).unwrap();
        let conversation = Conversation::parse(dialect, &body).unwrap();
        assert_eq!(conversation.flaws(), [], "{what}: {body}");
    }
}

#[tokio::test]
async fn three_turns_as_recorded_and_reshaped() {
    for dialect in RECORDED {
        let tape = loop_tape(dialect);
        for seed in 0..12 {
            let what = format!("{dialect}, seed {seed}");
            let mut replay = MockServer::replay(&tape).expect_all_consumed();
            if seed > 0 {
                replay = replay.seed(seed, Profile::Lawful);
            }
            let server = replay.start().await.unwrap();
            let (runs, shown) = (Shown::default(), Shown::default());
            let mut driver = driver(&server.url(), agent(dialect, quick()), &runs, &shown);
            let outcome = driver.prompt(&prompt(&tape)).await;

            let turns = server.transcript().unwrap();
            let Outcome::Done { text } = outcome else {
                panic!("{what}: {outcome:?}");
            };
            assert_eq!(text, turns[2].text, "{what}");
            let shown = stays(&shown.lock().unwrap());
            let all: String = turns.iter().map(|turn| turn.text.as_str()).collect();
            assert_eq!(shown, all, "{what}");
            assert_eq!(said(&driver.agent().conversation().body()), all, "{what}");
            let mut keys = runs.lock().unwrap().clone();
            keys.sort();
            let calls = turns.iter().flat_map(|turn| {
                let message = turn.message_id.as_deref().unwrap();
                let id = |call: &wiretape_core::CallView| call.id.clone().unwrap();
                turn.tool_calls
                    .iter()
                    .map(move |call| format!("{message}/{}", id(call)))
            });
            let mut expected: Vec<String> = calls.collect();
            expected.sort();
            assert_eq!(keys, expected, "{what}");
            valid(&server.requests(), dialect, &what);
            if seed == 0 {
                same_as_recorded(&tape, &server.requests(), dialect);
            }
        }
    }
}

/// Our history says what the SDK's said when the tape was recorded: the same calls with the same
/// arguments, the same results in the same order, the same text.
fn same_as_recorded(tape: &Tape, requests: &[Seen], dialect: Dialect) {
    let meaning = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let mut said = Vec::new();
        for message in body["messages"].as_array().unwrap() {
            let role = message["role"].as_str().unwrap();
            match &message["content"] {
                Value::String(text) => said.push(json!([role, text])),
                Value::Array(blocks) => said.extend(blocks.iter().map(|block| {
                    json!([
                        role,
                        block["text"],
                        block["id"],
                        block["input"],
                        block["tool_use_id"],
                        block["content"]
                    ])
                })),
                _ => {}
            }
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let function = &call["function"];
                said.push(json!([
                    role,
                    call["id"],
                    function["name"],
                    function["arguments"]
                ]));
            }
            said.push(message["tool_call_id"].clone());
        }
        said
    };
    for (seen, exchange) in requests.iter().zip(&tape.exchanges) {
        let recorded = match &exchange.request.as_ref().unwrap().body {
            wiretape_tape::Body::Json(text) => text,
            other => panic!("{other:?}"),
        };
        let ours = String::from_utf8(seen.body.clone()).unwrap();
        assert_eq!(meaning(&ours), meaning(recorded), "{dialect}");
    }
}

/// Each reply fails first, in one way or another, and comes whole when it is asked for again. All
/// seeds at once: some of them wait for a clock.
#[tokio::test]
async fn three_turns_with_a_fault_in_each() {
    let mut runs = JoinSet::new();
    for dialect in RECORDED {
        let plain = Arc::new(loop_tape(dialect));
        for seed in 0..24 {
            runs.spawn(one_with_faults(dialect, Arc::clone(&plain), seed));
        }
    }
    let resets: usize = runs.join_all().await.into_iter().sum();
    assert!(resets > 0, "no fault came after text");
}

/// How often text was taken back.
async fn one_with_faults(dialect: Dialect, plain: Arc<Tape>, seed: u64) -> usize {
    let what = format!("{dialect}, seed {seed}");
    let (tape, faults) = with_faults(&plain, dialect, seed);
    let server = MockServer::replay(&tape).start().await.unwrap();
    let (runs, shown) = (Shown::default(), Shown::default());
    let mut driver = driver(&server.url(), agent(dialect, quick()), &runs, &shown);
    let outcome = driver.prompt(&prompt(&plain)).await;
    assert!(
        matches!(outcome, Outcome::Done { .. }),
        "{what}: {outcome:?}"
    );

    let shown = shown.lock().unwrap();
    let history = driver.agent().conversation().body();
    assert_eq!(stays(&shown), said(&history), "{what}");
    let mut keys = runs.lock().unwrap().clone();
    keys.sort();
    let count = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), count, "{what}: a call ran twice");
    assert_eq!(count, 4, "{what}: {keys:?}");
    valid(&server.requests(), dialect, &what);
    assert_eq!(server.requests().len(), 3 + faults, "{what}");
    shown.iter().filter(|said| *said == "RESET").count()
}

/// The session with a faulty copy before each exchange whose fault leaves no turn; how many those are.
fn with_faults(plain: &Tape, dialect: Dialect, seed: u64) -> (Tape, usize) {
    let mut tape = plain.clone();
    tape.exchanges.clear();
    tape.order.clear();
    let mut faults = 0;
    for (number, exchange) in (0_u64..).zip(&plain.exchanges) {
        let subject = Subject::new(exchange, Some(dialect.name()));
        let scenario = Scenario::generate(seed * 3 + number, Profile::Faults, &subject);
        let script = scenario.apply(&subject);
        let read = read(dialect, wiretape_core::Options::default(), script.body());
        // Another reason for stopping is no failure: it ends the run.
        if read.is_err_and(|rejected| !matches!(rejected.why, Why::Stop(_))) {
            tape.exchanges.push(script.to_exchange(exchange));
            faults += 1;
        }
        tape.exchanges.push(exchange.clone());
    }
    (tape, faults)
}
