//! A history that grows turn by turn, sent each time to the replay server, which refuses what is
//! longer than the model's context window.

use wiretape::http::{Client, Request};
use wiretape_core::budget::{Heuristic, Options, Planner};
use wiretape_core::conversation::{Conversation, ToolResult};
use wiretape_core::turn::Reply;

use super::Context;
use crate::exit::Fault;

/// Lines of each tool result: some 8 kB, as a listing or a log has.
const RESULT_LINES: u32 = 120;

/// What is sent of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// All of it.
    Everything,
    /// What the budget permits.
    Budget,
}

/// Where to send it, and what comes back each time.
pub(super) struct Growing<'a> {
    /// The server that refuses requests over the window.
    pub(super) base: &'a str,
    /// The recorded request: its path, and its body, with which the history begins.
    pub(super) request: &'a Request,
    /// The first request as a conversation.
    pub(super) begin: &'a Conversation,
    /// The reply that is added in each turn.
    pub(super) reply: &'a Reply,
    pub(super) window: u64,
    pub(super) turns: u32,
}

impl Growing<'_> {
    /// Sends as many requests as there are turns, each with all that came before it.
    pub(super) async fn send(&self, keeping: Keeping) -> Result<Context, Fault> {
        let failed = |error| Fault::new(format!("the replay server does not answer: {error}"));
        let client = Client::new(self.base).map_err(failed)?;
        let mut planner = Planner::new(Options::new(self.window), Heuristic::default());
        let mut history = self.begin.clone();
        let mut context = Context {
            turns: self.turns,
            ..Context::default()
        };
        for turn in 1..=self.turns {
            let body = match keeping {
                Keeping::Everything => history.body(),
                Keeping::Budget => {
                    let fitted = planner.fit(&history);
                    let fitted = fitted.map_err(|overfull| Fault::new(overfull.to_string()))?;
                    fitted.body().to_owned()
                }
            };
            context.bytes_max = context.bytes_max.max(body.len() as u64);
            let mut response = client
                .send(self.request.clone().body(body))
                .await
                .map_err(failed)?;
            if response.status != 200 {
                context.refused += 1;
                context.first_refused.get_or_insert(turn);
                let said = response.rest(4096).await;
                let said = String::from_utf8_lossy(&said).into_owned();
                context.refusal.get_or_insert(said);
            }
            self.next(&mut history, turn);
        }
        Ok(context)
    }

    /// The model's turn, the tools' results, and the next prompt.
    fn next(&self, history: &mut Conversation, turn: u32) {
        let calls = history.push_reply(self.reply);
        let results: Vec<ToolResult> = (0..)
            .zip(calls)
            .map(|(place, call)| ToolResult {
                call: call.id,
                name: call.name,
                content: result(turn, place),
                is_error: false,
            })
            .collect();
        history.push_results(&results);
        history.push_user(&format!("Go on with step {}.", turn + 1));
    }
}

/// What a tool answers: the same in every run.
fn result(turn: u32, place: u32) -> String {
    let lines = (0..RESULT_LINES).map(|line| {
        let row = turn * 1_000 + line;
        format!(
            "{row:06} tool {place}: harbour {:03} read {} rows, kept {}\n",
            row % 212,
            row * 7 % 512,
            row * 5 % 512
        )
    });
    lines.collect()
}
