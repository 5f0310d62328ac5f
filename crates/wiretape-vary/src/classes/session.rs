//! E (what comes instead of a stream), G and H: attempts, sizes, security.

use super::{Class, Group, Kind, delivery, drawn, fault, reshape};
use crate::catalogue::{Backing, documented, seen};
use crate::parameters::{ErrorShape, Indices, Odd};
use crate::scenario::Profile;

/// Only the Responses API has a request that goes on with a stream.
const NO_RESUME: &str = "its events have no ids, and no request goes on with a stream: a second one is \
    another attempt, which is F-60";

pub(super) const F_41: Class = Class {
    id: "F-41",
    name: "error_http_before_stream",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "an HTTP error instead of a stream",
    wire: "4xx or 5xx with JSON, with a proxy's HTML page, with nothing; `retry-after` in its shapes",
    naive: "gives the body to the event parser: no events, an empty success",
    right: "looks at the status, then at the content type; asks again as the headers say",
    permits: "an error",
    source: &[
        "https://platform.claude.com/docs/en/api/errors",
        "https://github.com/letta-ai/letta-code/pull/1179",
        "https://github.com/WolframResearch/Chatbook/issues/183",
    ],
    messages: Ok(documented("errors")),
    chat: Ok(documented("error codes")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("json", delivery::error_json),
        fault("json_array", delivery::error_array),
        fault("html", delivery::error_html),
        fault("empty", delivery::error_empty),
        fault("text", delivery::error_text),
        fault("truncated", delivery::error_truncated),
    ],
};

pub(super) const F_42: Class = Class {
    id: "F-42",
    name: "not_sse_200",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "a 200 that is no event stream",
    wire: "JSON of an error, a page of HTML, JSON without `data:`, a whole reply that was not asked for, nothing",
    naive: "an empty success",
    right: "no event is an error; a whole reply may be taken for one",
    permits: "an error; same where a whole reply came",
    source: &[
        "https://github.com/lemonade-sdk/lemonade/issues/2826",
        "https://github.com/decolua/9router/pull/3051",
        "https://github.com/preloop/preloop/pull/121",
        "https://github.com/vercel/ai/commit/7b8791d",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("lemonade#2826, 9router#3051")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("error", delivery::no_stream_error),
        fault("whole", delivery::no_stream_whole),
        fault("html", delivery::no_stream_html),
        fault("bare", delivery::no_stream_bare),
        fault("empty", delivery::no_stream_empty),
        fault("no_content", delivery::no_content),
    ],
};

pub(super) const F_43: Class = Class {
    id: "F-43",
    name: "wrong_dialect",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "the stream of another API",
    wire: "Chat Completions chunks where Messages events were asked for, or the reverse",
    naive: "passes over every event: an empty success",
    right: "an error",
    permits: "an error or an early end",
    source: &["https://github.com/vercel/ai/issues/16423"],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("vercel/ai#16423")),
    elsewhere: &[],
    also: &[],
    forms: &[fault("other", delivery::wrong_dialect)],
};

pub(super) const F_60: Class = Class {
    id: "F-60",
    name: "retry_duplicates_output",
    kind: Kind::Fault,
    group: Group::Retry,
    title: "the first attempt breaks, the second is whole",
    wire: "attempt 1 breaks after some deltas; attempt 2 is the whole reply, with other ids",
    naive: "shows the beginning twice; runs the call of each attempt",
    right: "asks again only where nothing was shown, or takes back what was; a call is run once",
    permits: "same, an error, or an early end: text and calls exactly once",
    source: &[
        "https://github.com/shiaho777/web-to-app/issues/748",
        "https://github.com/NousResearch/hermes-agent/issues/73802",
        "https://github.com/cline/cline/pull/13052",
    ],
    messages: Ok(seen("cline#13052")),
    chat: Ok(seen("web-to-app#748, hermes-agent#73802")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("in_text", delivery::broken_in_text),
        fault("in_call", delivery::broken_in_call),
    ],
};

pub(super) const F_61: Class = Class {
    id: "F-61",
    name: "resume",
    kind: Kind::Fault,
    group: Group::Retry,
    title: "a stream that goes on where another broke off",
    wire: "the second connection begins two events early, or three late",
    naive: "text twice, or a gap that nobody sees",
    right: "goes by sequence numbers; dialects without them do not resume",
    permits: "an error or an early end",
    source: &[
        "https://github.com/openai/openai-ruby/pull/548",
        "https://github.com/vercel/ai/issues/18462",
    ],
    messages: Err(NO_RESUME),
    chat: Err(NO_RESUME),
    elsewhere: &[],
    also: &[],
    forms: &[fault("overlap", |_, _| Err(NO_RESUME))],
};

pub(super) const F_62: Class = Class {
    id: "F-62",
    name: "idempotent_tool",
    kind: Kind::Fault,
    group: Group::Retry,
    title: "the same call in both attempts",
    wire: "attempt 1 has the whole call and is cut before its end; attempt 2 has the same call",
    naive: "runs it twice",
    right: "a key per call, and each key once",
    permits: "same, an error, or an early end: the call at most once",
    source: &["https://github.com/NousResearch/hermes-agent/issues/73802"],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("hermes-agent#73802")),
    elsewhere: &[],
    also: &[],
    forms: &[fault("behind_call", delivery::broken_behind_call)],
};

pub(super) const F_70: Class = Class {
    id: "F-70",
    name: "huge_event",
    kind: Kind::Fault,
    group: Group::Resources,
    title: "one line of megabytes",
    wire: "a payload of 1 MiB or more in one line",
    naive: "a limit of 64 or 128 KiB per line, and a lost event",
    right: "a limit of tens of megabytes, and an error that names it",
    permits: "same, or an error",
    source: &[
        "https://github.com/googleapis/python-genai/commit/0e8f7bbe",
        "https://github.com/openai/openai-node/pull/2433",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("image events: openai-node#2433")),
    elsewhere: &[],
    also: &[Profile::Hostile],
    forms: &[fault("huge", delivery::huge)],
};

pub(super) const F_71: Class = Class {
    id: "F-71",
    name: "many_tiny",
    kind: Kind::Fault,
    group: Group::Resources,
    title: "a large event in one-byte chunks",
    wire: "a large body, byte by byte",
    naive: "copies all that came at every byte",
    right: "work that grows with the bytes",
    permits: "same; an error where the event is larger than 64 KiB",
    source: &[
        "https://github.com/openai/openai-node/pull/2324",
        "https://github.com/openai/openai-node/pull/2336",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[Profile::Hostile],
    forms: &[
        reshape("tiny", delivery::tiny),
        fault("tiny_large", delivery::tiny_large),
    ],
};

pub(super) const F_72: Class = Class {
    id: "F-72",
    name: "never_ending_event",
    kind: Kind::Fault,
    group: Group::Resources,
    title: "an event or a comment without end",
    wire: "a line that goes on and on; data lines without a blank one",
    naive: "keeps all of it until the memory is full",
    right: "a limit, and an error that names it",
    permits: "an error or an early end",
    source: &["https://github.com/rexxars/eventsource-parser/pull/32"],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[Profile::Hostile],
    forms: &[
        fault("comment", delivery::endless_comment),
        fault("line", delivery::endless_line),
        fault("event", delivery::endless_event),
    ],
};

pub(super) const F_73: Class = Class {
    id: "F-73",
    name: "hostile_keys",
    kind: Kind::Fault,
    group: Group::Resources,
    title: "keys and depths that parsers stumble over",
    wire: "`__proto__`, objects a hundred thousand deep, an index of 1000000000",
    naive: "a polluted prototype, a stack that overflows, an array of a billion places",
    right: "passes over fields it does not know, or reports an error",
    permits: "same, or an error: never a crash",
    source: &[
        "https://github.com/openai/openai-node/pull/2326",
        "https://github.com/vercel/ai/pull/16040",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[Profile::Hostile],
    forms: &[
        reshape("proto", |rng, subject| drawn::odd(rng, subject, Odd::Proto)),
        reshape("deep", |rng, subject| drawn::odd(rng, subject, Odd::Deep)),
        fault("very_deep", |rng, subject| {
            drawn::odd(rng, subject, Odd::VeryDeep)
        }),
        fault("huge", |rng, subject| {
            drawn::indices(rng, subject, Indices::Huge)
        }),
    ],
};

pub(super) const F_74: Class = Class {
    id: "F-74",
    name: "secrets_in_diagnostics",
    kind: Kind::Fault,
    group: Group::Resources,
    title: "an error whose message holds a host and a key",
    wire: "an error event: `upstream https://… refused the key sk-…`",
    naive: "prints it to its log, its user, or the model",
    right: "an error without what looks like a key",
    permits: "error_reported",
    source: &["https://github.com/openai/openai-node/pull/2403"],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[Profile::Hostile],
    forms: &[fault("secret", |rng, subject| {
        drawn::foreign_error(rng, subject, ErrorShape::Secret)
    })],
};
