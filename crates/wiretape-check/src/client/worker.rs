//! A process that takes one order after the other.

use std::future::Future;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::ChildStdout;
use tokio::time::timeout;

use super::line::{self, LINE_BYTES_MAX, Line};
use super::process::close;
use super::start::{Started, in_words, start};
use super::{Config, Order, StartError};
use crate::{Ended, Said};

/// How long a process may take to end once its output or its input has.
const ENDING_TIME: Duration = Duration::from_secs(1);
/// How long the last words on standard error may take to come in, once the line has.
const WORDS_TIME: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Worker {
    started: Started,
    lines: Option<BufReader<ChildStdout>>,
    over: bool,
}

impl Worker {
    /// Starts the process. Its variables lead to the server, never to a provider, though each order
    /// has a base URL of its own.
    pub(super) fn start(config: &Config, order: &Order) -> Result<Self, StartError> {
        let mut started = start(config, &order.base_url, Stdio::piped())?;
        let lines = started.stdout.take().map(BufReader::new);
        Ok(Self {
            started,
            lines,
            over: false,
        })
    }

    /// One order, one line.
    pub(super) async fn run(
        &mut self,
        order: &Order,
        limit: impl Future<Output = u64>,
    ) -> (Option<Said>, Ended) {
        let line = tokio::select! {
            line = self.ask(order) => line,
            patience_ns = limit => {
                self.over = true;
                return (None, Ended::Hung { patience_ns });
            }
        };
        let unreadable = |why| (None, Ended::Unreadable { why });
        let answer = match line {
            Ok(Line::Whole(line)) => line::said(&line),
            Ok(Line::TooLong(line)) => {
                let begin = line::begin(&String::from_utf8_lossy(&line));
                Err(format!(
                    "expected a line of at most {LINE_BYTES_MAX} bytes, found a longer one: {begin}"
                ))
            }
            Ok(Line::End(rest)) if rest.is_empty() => return (None, self.crashed().await),
            Ok(Line::End(rest)) => {
                let begin = line::begin(&String::from_utf8_lossy(&rest));
                Err(format!(
                    "expected a line that ends in LF, found the end: {begin}"
                ))
            }
            Err(error) => Err(format!("cannot read its line: {error}")),
        };
        self.over = answer.is_err();
        match answer {
            Ok(said) if said.run == order.run => (Some(said), Ended::Answered),
            Ok(said) => {
                self.over = true;
                unreadable(format!(
                    "expected the answer to run {:?}, found one to run {:?}",
                    order.run, said.run
                ))
            }
            Err(why) => unreadable(why),
        }
    }

    async fn ask(&mut self, order: &Order) -> io::Result<Line> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        if let Some(stdin) = &mut self.started.stdin {
            let told = async {
                stdin.write_all(&line).await?;
                stdin.flush().await
            };
            // A worker that has ended takes no order; that its output has ended says so.
            let _ = told.await;
        }
        match &mut self.lines {
            Some(lines) => line::line(lines).await,
            None => Ok(Line::End(Vec::new())),
        }
    }

    async fn crashed(&mut self) -> Ended {
        self.over = true;
        let why = match timeout(ENDING_TIME, self.started.child.wait()).await {
            Ok(Ok(status)) => in_words(status),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it closed its output and went on".to_owned(),
        };
        Ended::Crashed { why }
    }

    /// What it wrote to standard error for the last order.
    pub(super) async fn stderr(&mut self) -> String {
        if self.over {
            return timeout(ENDING_TIME + WORDS_TIME, close(&mut self.started))
                .await
                .unwrap_or_default();
        }
        self.started.tail.take()
    }

    /// Ends its input, and waits a while for it to end.
    pub(super) async fn end(mut self) {
        drop(self.started.stdin.take());
        let _ = timeout(ENDING_TIME, self.started.child.wait()).await;
        close(&mut self.started).await;
    }
}
