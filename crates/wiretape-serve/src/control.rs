//! The control API under `/_wiretape/`: what a test does from outside the process.

use serde::Deserialize;
use serde_json::{Value, json};
use wiretape_vary::{Profile, Scenario};

use crate::answer::{Answer, error};
use crate::head::{Head, METHODS};
use crate::mount::{Flush, Matching, Mount, Pace};
use crate::mounted::Mounted;
use crate::server::Shared;
use crate::sink::MountedSink;

/// What is under it: shown where something else was asked.
const ROUTES: [&str; 7] = [
    "GET /_wiretape/state",
    "GET /_wiretape/requests",
    "GET /_wiretape/sink",
    "POST /_wiretape/reset",
    "POST /_wiretape/release",
    "POST /_wiretape/mount",
    "DELETE /_wiretape/mount",
];

/// Where it is.
pub(crate) const PREFIX: &str = "/_wiretape";

pub(crate) fn is_for(path: &str) -> bool {
    let rest = path.strip_prefix(PREFIX);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers `OPTIONS`: what may be asked, and with CORS that every page may.
pub(crate) fn options(head: &Head, cors: bool) -> Answer {
    let answer = Answer::empty().header("allow", METHODS.join(", "));
    if !cors {
        return answer;
    }
    // A star does not cover `authorization`, so what is asked for is named.
    let asked = head.header("access-control-request-headers");
    answer
        .header("access-control-allow-methods", METHODS.join(", "))
        .header(
            "access-control-allow-headers",
            asked.unwrap_or("*").to_owned(),
        )
        .header("access-control-max-age", "600".to_owned())
}

/// Answers a request to the control API.
pub(crate) fn answer(shared: &Shared, head: &Head, body: &[u8]) -> Answer {
    if head.method == "OPTIONS" {
        return options(head, shared.config.cors);
    }
    let name = head.path().strip_prefix(PREFIX).unwrap_or_default();
    let method = if head.method == "HEAD" {
        "GET"
    } else {
        &head.method
    };
    let prefix = match prefix(head) {
        Ok(prefix) => prefix,
        Err(answer) => return answer,
    };
    match (method, name) {
        ("GET", "/state") => each(
            shared,
            prefix,
            |mounted| json!({"state": mounted.session().state()}),
        ),
        ("GET", "/requests") => each(
            shared,
            prefix,
            |mounted| json!({"requests": mounted.session().seen()}),
        ),
        ("GET", "/sink") => sinks(shared, prefix),
        ("POST", "/reset") => reset(shared, prefix),
        ("POST", "/release") => each(
            shared,
            prefix,
            |mounted| json!({"released": mounted.release()}),
        ),
        ("POST", "/mount") => match mount(shared, body) {
            Ok(mounted) => Answer::json(200, &mounted),
            Err(message) => refused(400, "bad_request", &message),
        },
        ("DELETE", "/mount") => match prefix {
            Some(prefix) if shared.unmount(&prefix) => {
                Answer::json(200, &json!({"unmounted": prefix}))
            }
            prefix => no_mount(shared, &prefix.unwrap_or_default()),
        },
        _ => {
            let message = format!("expected one of: {}", ROUTES.join(", "));
            refused(404, "not_found", &message)
        }
    }
}

fn refused(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(status, &error(None, kind, message))
}

fn no_mount(shared: &Shared, prefix: &str) -> Answer {
    let message = format!(
        "prefix {prefix:?}: expected one that is mounted: {}",
        shared.prefixes()
    );
    refused(404, "not_found", &message)
}

/// The prefix that the query selects, its escapes undone.
fn prefix(head: &Head) -> Result<Option<String>, Answer> {
    let Some((_, query)) = head.target.split_once('?') else {
        return Ok(None);
    };
    match query.split_once('=') {
        Some(("prefix", value)) if !value.contains('&') => {
            Ok(Some(value.replace("%2F", "/").replace("%2f", "/")))
        }
        _ => Err(refused(
            400,
            "bad_request",
            "expected the query ?prefix=/NAME, or none",
        )),
    }
}

/// One mount's answer, or that of each.
fn each(shared: &Shared, prefix: Option<String>, tell: impl Fn(&Mounted) -> Value) -> Answer {
    let tell = |mounted: &Mounted| {
        let mut told = tell(mounted);
        if let Value::Object(fields) = &mut told {
            fields.insert("prefix".to_owned(), json!(mounted.prefix));
        }
        told
    };
    match prefix {
        None => {
            let all: Vec<Value> = shared.all().iter().map(|mounted| tell(mounted)).collect();
            Answer::json(200, &json!({"mounts": all}))
        }
        Some(prefix) => match shared.at(&prefix) {
            Some(mounted) => Answer::json(200, &tell(&mounted)),
            None => no_mount(shared, &prefix),
        },
    }
}

/// Begins again, tapes and sinks.
fn reset(shared: &Shared, prefix: Option<String>) -> Answer {
    let sinks = match &prefix {
        Some(prefix) => shared.sink_at(prefix).into_iter().collect(),
        None => shared.all_sinks(),
    };
    for mounted in &sinks {
        mounted.with(|sink, _| sink.reset());
    }
    match prefix.as_deref() {
        Some(prefix) if !sinks.is_empty() && shared.at(prefix).is_none() => {
            Answer::json(200, &json!({"prefix": prefix, "reset": true}))
        }
        _ => each(shared, prefix, |mounted| {
            mounted.session().reset();
            json!({"reset": true})
        }),
    }
}

/// What happened to a sink, or to each.
fn sinks(shared: &Shared, prefix: Option<String>) -> Answer {
    let tell = |mounted: &MountedSink| {
        let report = mounted.with(|sink, _| sink.report());
        json!({"prefix": mounted.prefix, "sink": report})
    };
    match prefix {
        None => {
            let all: Vec<Value> = shared.all_sinks().iter().map(|one| tell(one)).collect();
            Answer::json(200, &json!({"sinks": all}))
        }
        Some(prefix) => match shared.sink_at(&prefix) {
            Some(mounted) => Answer::json(200, &tell(&mounted)),
            None => no_mount(shared, &prefix),
        },
    }
}

/// What is to be mounted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    prefix: String,
    /// A tape that was offered, by its name.
    tape: Option<String>,
    /// Or a tape's own text.
    tape_text: Option<String>,
    dialect: Option<String>,
    seed: Option<u64>,
    profile: Option<Profile>,
    scenario: Option<Scenario>,
    /// A word, or the whole of it.
    matching: Option<Value>,
    pace: Option<Value>,
    flush: Option<Flush>,
    close: Option<bool>,
    hold: Option<Hold>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    exchange: usize,
    event: usize,
}

fn mount(shared: &Shared, body: &[u8]) -> Result<Value, String> {
    let wanted: Wanted =
        serde_json::from_slice(body).map_err(|error| format!("the mount: {error}"))?;
    let prefix = wanted.prefix.clone();
    let mounted = shared.mount(&prefix, wanted.mount(shared)?);
    let mounted = mounted.map_err(|error| error.to_string())?;
    let exchanges = mounted.compiled.exchanges.len();
    Ok(json!({"mounted": prefix, "exchanges": exchanges}))
}

impl Wanted {
    fn mount(self, shared: &Shared) -> Result<Mount, String> {
        let mut mount = match (self.tape, self.tape_text) {
            (Some(name), None) => Mount::new(shared.offered(&name)?.as_ref()),
            (None, Some(text)) => {
                let parsed = wiretape_tape::parse(text.as_bytes());
                Mount::new(&parsed.map_err(|error| format!("tape_text: {error}"))?.tape)
            }
            _ => return Err("expected one of tape and tape_text".to_owned()),
        };
        if let Some(dialect) = &self.dialect {
            mount = mount.dialect(dialect);
        }
        mount = match (self.scenario, self.seed) {
            (Some(scenario), None) if self.profile.is_none() => mount.scenario(scenario),
            (Some(_), _) => return Err("expected a scenario or a seed, found both".to_owned()),
            (None, Some(seed)) => mount.seed(seed, self.profile.unwrap_or(Profile::Lawful)),
            (None, None) if self.profile.is_some() => {
                return Err("expected a seed for the profile".to_owned());
            }
            (None, None) => mount,
        };
        if let Some(wanted) = self.matching {
            mount = mount.matching(matching(wanted)?);
        }
        if let Some(hold) = self.hold {
            mount = mount.hold_before(hold.exchange, hold.event);
        }
        let pace = self.pace.map(pace).transpose()?;
        Ok(mount
            .pace(pace.unwrap_or_default())
            .flush(self.flush.unwrap_or_default())
            .close(self.close.unwrap_or_default()))
    }
}

/// `strict` alone passes over nothing.
fn matching(wanted: Value) -> Result<Matching, String> {
    if wanted == "strict" {
        return Ok(Matching::Strict { ignore: Vec::new() });
    }
    serde_json::from_value(wanted).map_err(|error| format!("matching: {error}"))
}

/// `recorded` is the recording's own speed.
fn pace(wanted: Value) -> Result<Pace, String> {
    if wanted == "recorded" {
        return Ok(Pace::Scripted { n: 1, of: 1 });
    }
    serde_json::from_value(wanted).map_err(|error| format!("pace: {error}"))
}
