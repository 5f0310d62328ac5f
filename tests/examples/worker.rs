//! A worker in Rust: `wiretape check TAPE… --worker -- worker`. Put your own agent into `run`.

use std::error::Error;

use serde_json::{Value, json};
use wiretape::agent::Driver;
use wiretape::core::agent::{Agent, Options, Outcome};
use wiretape::core::budget::{self, Heuristic};
use wiretape::core::conversation::Conversation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let error = run(&order).await.err().map(|error| error.to_string());
        println!("{}", json!({"run": order["run"], "error": error}));
    }
    Ok(())
}

async fn run(order: &Value) -> Result<(), Box<dyn Error>> {
    let request = &order["request"];
    let dialect = Conversation::sniff(&request.to_string()).ok_or("which dialect?")?;
    let mut conversation = Conversation::new(dialect);
    for (member, value) in request.as_object().into_iter().flatten() {
        if member != "messages" {
            conversation.set(member, &value.to_string())?;
        }
    }
    let budget = budget::Options::new(200_000);
    let agent = Agent::new(
        conversation,
        budget,
        Heuristic::default(),
        Options::default(),
    );
    let mut driver = Driver::new(order["base_url"].as_str().unwrap_or_default(), agent)?;
    for tool in request["tools"].as_array().into_iter().flatten() {
        let name = tool["name"].as_str().or(tool["function"]["name"].as_str());
        driver = driver.tool(name.unwrap_or_default(), |_| async { Ok("done".into()) });
    }
    match driver.prompt("Go on.").await {
        Outcome::Failed(failure) => Err(format!("{failure:?}").into()),
        _ => Ok(()),
    }
}
