//! Sinks in virtual time: each refusal and its recovery, what a session comes to, and laws.

mod chance;
mod discord;
mod laws;
mod markup;
mod session;
mod slack;
mod telegram;
mod throttle;

use serde_json::{Value, json};
use wiretape_core::Moment;
use wiretape_serve::sink::{
    self, Options, Platform, Refusals, Report, Request, Response, Sink, ViolationKind, Wait,
};

/// A sink and a clock that is set by hand.
struct Stage {
    sink: Sink,
    now: Moment,
}

impl Stage {
    fn new(platform: Platform, options: Options) -> Self {
        Self {
            sink: Sink::new(platform, options),
            now: Moment(0),
        }
    }

    /// Goes on to so many milliseconds.
    fn at(&mut self, millis: u64) -> &mut Self {
        let next = Moment(millis * 1_000_000);
        assert!(self.now <= next, "time goes forward");
        self.now = next;
        self
    }

    fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let request = Request {
            method,
            path,
            headers,
            body,
        };
        self.sink.handle(self.now, request)
    }

    /// A call as the platform's users make it: JSON, with a token.
    fn call(&mut self, method: &str, parameters: &Value) -> Response {
        let body = parameters.to_string();
        let (verb, path) = match self.sink.platform() {
            Platform::Telegram => ("POST", format!("/bot7:key/{method}")),
            Platform::Slack => ("POST", format!("/api/{method}")),
            Platform::Discord => {
                let (verb, path) = method.split_once(' ').unwrap();
                (verb, format!("/api/v10/{path}"))
            }
        };
        let authorization = match self.sink.platform() {
            Platform::Discord => "Bot key",
            _ => "Bearer key",
        };
        let headers = [
            ("content-type", "application/json"),
            ("authorization", authorization),
        ];
        self.request(verb, &path, &headers, body.as_bytes())
    }

    fn report(&self) -> Report {
        self.sink.report()
    }

    /// The violations so far, by kind, each told once.
    fn violations(&self) -> Vec<ViolationKind> {
        self.report()
            .violations
            .iter()
            .map(|violation| violation.kind)
            .collect()
    }

    /// What a user sees in all chats.
    fn texts(&self) -> Vec<String> {
        self.report()
            .messages
            .into_iter()
            .map(|shown| shown.text)
            .collect()
    }
}

/// The status is this, and the body, as JSON, has at least these members.
#[track_caller]
fn check(response: &Response, status: u16, members: &Value) -> Value {
    assert_eq!(response.status, status, "{}", response.body);
    let body: Value = serde_json::from_str(&response.body).unwrap_or(Value::Null);
    includes(&body, members);
    body
}

#[track_caller]
fn includes(found: &Value, wanted: &Value) {
    match wanted {
        Value::Object(members) => {
            for (name, wanted) in members {
                let found = found
                    .get(name)
                    .unwrap_or_else(|| panic!("no {name} in {found}"));
                includes(found, wanted);
            }
        }
        other => assert_eq!(found, other),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut all = response
        .headers
        .iter()
        .filter(|(other, _)| other.eq_ignore_ascii_case(name));
    all.next().map(|(_, value)| value.as_str())
}
