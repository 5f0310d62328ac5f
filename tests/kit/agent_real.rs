//! The agent against a real server: llama.cpp's, as `recordings/regenerate` starts it. Runs where
//! `WIRETAPE_REAL_SERVER` names one (`http://127.0.0.1:PORT`), and says so where it does not.

use serde_json::Value;
use wiretape::agent::Driver;
use wiretape_core::agent::{Options, Outcome};
use wiretape_core::budget::Heuristic;

use super::agent_loop::{RECORDED, Shown, agent, driver, said, stays};

/// What a model of 135 million parameters takes for a wish to call tools.
const PROMPT: &str = "Repeat this text exactly:\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": \
     {\"city\": \"Paris\", \"unit\": \"celsius\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"get_time\", \
     \"arguments\": {\"city\": \"Tokyo\"}}\n</tool_call>";

fn server() -> Option<String> {
    let server = std::env::var("WIRETAPE_REAL_SERVER").ok();
    if server.is_none() {
        println!("skipped: WIRETAPE_REAL_SERVER names no server");
    }
    server
}

fn history(driver: &Driver<Heuristic>) -> Vec<Value> {
    let body: Value = serde_json::from_str(&driver.agent().conversation().body()).unwrap();
    body["messages"].as_array().unwrap().clone()
}

fn report(what: &str, outcome: &Outcome, shown: &[String], history: &[Value]) {
    println!("--- {what}: {outcome:?}");
    println!("shown: {shown:?}");
    for message in history {
        println!("{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_turns_with_tools_in_both_dialects() {
    let Some(server) = server() else { return };
    for dialect in RECORDED {
        let (runs, shown) = (Shown::default(), Shown::default());
        let mut driver = driver(&server, agent(dialect, Options::default()), &runs, &shown);
        let outcome = driver.prompt(PROMPT).await;
        let history = history(&driver);
        report(dialect.name(), &outcome, &shown.lock().unwrap(), &history);

        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        let turns = history.iter().filter(|m| m["role"] == "assistant").count();
        assert!(turns >= 3, "the model made {turns} turns, expected three");
        let runs = runs.lock().unwrap();
        assert!(runs.len() >= 3, "the model made the calls {runs:?}");
        assert_eq!(driver.agent().conversation().flaws(), []);
        let body = driver.agent().conversation().body();
        assert_eq!(stays(&shown.lock().unwrap()), said(&body));
    }
}

/// The server takes back what this agent writes for a call that it must not run.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_call_and_a_second_prompt() {
    let Some(server) = server() else { return };
    for dialect in RECORDED {
        let (runs, shown) = (Shown::default(), Shown::default());
        let mut agent = agent(dialect, Options::default());
        agent.set("max_tokens", "24").unwrap();
        let mut driver = driver(&server, agent, &runs, &shown);
        let outcome = driver.prompt(PROMPT).await;
        report("cut", &outcome, &shown.lock().unwrap(), &history(&driver));
        assert!(matches!(outcome, Outcome::Stopped { .. }), "{outcome:?}");
        assert_eq!(*runs.lock().unwrap(), [""; 0]);

        let outcome = driver.prompt("What is the capital of France?").await;
        report("then", &outcome, &shown.lock().unwrap(), &history(&driver));
        let ended = matches!(outcome, Outcome::Done { .. } | Outcome::Stopped { .. });
        assert!(ended, "{outcome:?}");
    }
}

/// A server whose window is smaller than the budget believes: one request is refused, the next fits.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_smaller_than_believed() {
    let Some(server) = server() else { return };
    for dialect in RECORDED {
        let (runs, shown) = (Shown::default(), Shown::default());
        let mut agent = agent(dialect, Options::default());
        agent.set("max_tokens", "24").unwrap();
        let mut driver = driver(&server, agent, &runs, &shown);
        // 2,048 tokens are there; the old turns are more.
        for number in 0..3 {
            let text =
                format!("Number {number}. ") + &"Paris is the capital of France. ".repeat(90);
            let outcome = driver.prompt(&text).await;
            println!("--- {dialect}, {number}: {outcome:?}");
            let ended = matches!(outcome, Outcome::Done { .. } | Outcome::Stopped { .. });
            assert!(ended, "{outcome:?}");
        }
        let (asked, window) = (
            driver.agent().requested(),
            driver.agent().planner().options().window,
        );
        println!("--- {dialect}: {asked} requests, a window of {window} now");
        assert!(asked > 3 && window < 8_192, "nothing was refused");
    }
}
