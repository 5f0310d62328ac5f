//! What tutorials do: each delta is an edit, and what the platform says to it is somebody else's
//! concern. It shows that the tests can fail.

use std::collections::VecDeque;

use wiretape_core::forward::{Action, Answer, Input, Outcome, Via};
use wiretape_core::{Machine, Moment};

#[derive(Default)]
pub(super) struct Naive {
    text: String,
    message: Option<String>,
    calls: u64,
    out: VecDeque<Action>,
}

impl Machine for Naive {
    type Input<'a> = Input<'a>;
    type Action = Action;
    type Error = std::convert::Infallible;

    fn handle(&mut self, _: Moment, input: Input<'_>) -> Result<(), Self::Error> {
        match input {
            Input::Text(text) => {
                self.text.push_str(text);
                self.show();
            }
            Input::Answer {
                answer: Answer::Posted { message },
                ..
            } => self.message = Some(message),
            Input::End => self.out.push_back(Action::Finished(Outcome::Delivered {
                messages: 1,
                uncertain: 0,
                stale: 0,
            })),
            _ => {}
        }
        Ok(())
    }

    fn advance(&mut self, _: Moment) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Moment> {
        None
    }
}

impl Naive {
    fn show(&mut self) {
        let (call, key, text) = (self.calls, None, self.text.clone());
        let (markup, via) = (true, Via::Message);
        self.out.push_back(match self.message.clone() {
            Some(message) => Action::Edit {
                call,
                message,
                text,
                markup,
                via,
            },
            None if self.calls > 0 => return,
            None => Action::Post {
                call,
                key,
                text,
                markup,
                via,
            },
        });
        self.calls += 1;
    }
}
