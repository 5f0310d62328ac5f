//! Our own agent as a client of `wiretape check --worker`: the loop, the driver over HTTP, and an account
//! of what was shown and run.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a JSON value has every key: `null` where it is not there; no lock is poisoned where nothing panics"
)]

use std::error::Error;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiretape::agent::{Driver, Show};
use wiretape::core::agent::{Agent, Options, Outcome};
use wiretape::core::budget::{self, Heuristic};
use wiretape::core::conversation::Conversation;

/// Pauses of an agent under test: a stream that says nothing is given up while somebody waits for it.
/// Keep-alives alone may go on for longer.
const IDLE_NS: u64 = 2_500_000_000;
const PAYLOAD_IDLE_NS: u64 = 8_000_000_000;
const TOTAL_NS: u64 = 15_000_000_000;

/// What one run did.
#[derive(Debug, Default)]
struct Account {
    /// What is final.
    kept: String,
    /// What is shown and may be taken back.
    shown: String,
    calls: Vec<Value>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let account = Arc::new(Mutex::new(Account::default()));
        let error = run(&order, &account).await.err();
        let account = account.lock().unwrap();
        println!(
            "{}",
            json!({
                "run": order["run"],
                "text": format!("{}{}", account.kept, account.shown),
                "tool_calls": account.calls,
                "error": error.map(|error| error.to_string()),
            })
        );
    }
    Ok(())
}

async fn run(order: &Value, account: &Arc<Mutex<Account>>) -> Result<(), Box<dyn Error>> {
    let request = &order["request"];
    let mut driver = Driver::new(
        order["base_url"].as_str().unwrap_or_default(),
        agent(request)?,
    )?;
    for tool in request["tools"].as_array().into_iter().flatten() {
        let name = tool["name"].as_str();
        let name = name.or_else(|| tool["function"]["name"].as_str());
        let account = Arc::clone(account);
        driver = driver.tool(name.unwrap_or_default(), move |call| {
            let done = json!({"name": call.name, "arguments": call.input});
            account.lock().unwrap().calls.push(done);
            async { Ok("done".into()) }
        });
    }
    let account = Arc::clone(account);
    let mut driver = driver.show(move |show| {
        let mut account = account.lock().unwrap();
        match show {
            Show::Text(text) => account.shown.push_str(text),
            Show::Reset => account.shown.clear(),
            Show::Break => {
                let shown = std::mem::take(&mut account.shown);
                account.kept.push_str(&shown);
            }
        }
    });
    match driver.prompt("Go on.").await {
        Outcome::Done { .. } => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// An agent whose conversation is set up as the recorded request is.
fn agent(request: &Value) -> Result<Agent<Heuristic>, Box<dyn Error>> {
    let dialect = Conversation::sniff(&request.to_string()).ok_or("which dialect?")?;
    let mut conversation = Conversation::new(dialect);
    for (member, value) in request.as_object().into_iter().flatten() {
        if member != "messages" {
            conversation.set(member, &value.to_string())?;
        }
    }
    let mut options = Options::default();
    options.clocks.idle_ns = IDLE_NS;
    options.clocks.payload_idle_ns = PAYLOAD_IDLE_NS;
    options.clocks.total_ns = TOTAL_NS;
    let budget = budget::Options::new(200_000);
    Ok(Agent::new(
        conversation,
        budget,
        Heuristic::default(),
        options,
    ))
}
