//! B: the grammar of event streams.

use super::{Class, Group, Kind, drawn, fault, forms, reshape};
use crate::catalogue::{Backing, documented, seen};
use crate::parameters::{EventNames, Noise};
use crate::scenario::Profile;

pub(super) const F_15: Class = Class {
    id: "F-15",
    name: "comment_keepalive",
    kind: Kind::Reshape,
    group: Group::Grammar,
    title: "comments between events",
    wire: "`: OPENROUTER PROCESSING`, `: keep-alive`, a bare `:`, `: x-cost=0.1` before the end",
    naive: "gives it to the JSON parser",
    right: "passes over lines that begin with a colon",
    permits: "same: the standard says that they are ignored",
    source: &[
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "https://github.com/deepnoodle-ai/dive/pull/206",
        "https://github.com/coder/coder/issues/28185",
        "https://github.com/openai/openai-go/issues/227",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen(
        "`: OPENROUTER PROCESSING` in recordings of OpenRouter",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        reshape("comment", forms::comment),
        reshape("before_end", forms::comment_before_end),
        reshape("bare_comment", |rng, subject| {
            drawn::noise(rng, subject, Noise::BareComment)
        }),
    ],
};

pub(super) const F_15B: Class = Class {
    id: "F-15b",
    name: "comment_then_blank_with_sticky_id",
    kind: Kind::Reshape,
    group: Group::Grammar,
    title: "a comment after an id",
    wire: "a block with `id: 7`; later a comment and a blank line",
    naive: "dispatches an empty event at the blank line, since an id is remembered: `json.loads(\"\")`",
    right: "dispatches nothing where no data came",
    permits: "same: the standard dispatches nothing without data, whatever the last id is",
    source: &[
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "https://github.com/theopenco/llmgateway/pull/2334",
        "https://github.com/openai/openai-python/issues/2722",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("llmgateway#2334")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[reshape("id_then_comment", forms::id_then_comment)],
};

pub(super) const F_15C: Class = Class {
    id: "F-15c",
    name: "comment_as_data",
    kind: Kind::Fault,
    group: Group::Grammar,
    title: "a comment in a data line",
    wire: "`data: : keepalive`",
    naive: "a JSON error in the midst of a reply",
    right: "passes over a payload that begins with a colon, or reports an error",
    permits: "same, or an error: it is no JSON, and no content either",
    source: &[
        "https://github.com/mnfst/llm-gateway/issues/2053",
        "https://github.com/anomalyco/opencode/issues/50871",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("Vertex's endpoint for Grok: opencode#50871")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[fault("comment_as_data", |rng, subject| {
        drawn::noise(rng, subject, Noise::CommentAsData)
    })],
};

pub(super) const F_16: Class = Class {
    id: "F-16",
    name: "ping_events",
    kind: Kind::Fault,
    group: Group::Grammar,
    title: "keep-alives as events",
    wire: "`event: ping` with `{\"type\":\"ping\"}` anywhere, also inside a tool block; `event: ping` without data; `data:` with nothing",
    naive: "a strict list of types dies; `JSON.parse(\"\")` dies",
    right: "passes over them",
    permits: "same; where `data:` is empty also an error, since an event without JSON came",
    source: &[
        "https://platform.claude.com/docs/en/build-with-claude/streaming",
        "https://github.com/openai/openai-node/issues/1965",
        "https://docs.dify.ai/en/api-reference/guides/streaming",
        "https://github.com/caozhiyuan/copilot-api/pull/88",
    ],
    messages: Ok(seen("`event: ping` in nearly every recording")),
    chat: Ok(seen(
        "`: ping - <time>` of Perplexity; empty `data:`: copilot-api#88",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        reshape("ping", forms::ping),
        reshape("event_without_data", |rng, subject| {
            drawn::noise(rng, subject, Noise::EventWithoutData)
        }),
        fault("empty_data", |rng, subject| {
            drawn::noise(rng, subject, Noise::EmptyData)
        }),
    ],
};

pub(super) const F_17: Class = Class {
    id: "F-17",
    name: "field_variants",
    kind: Kind::Fault,
    group: Group::Grammar,
    title: "fields in every lawful shape, and event names that are not there",
    wire: "`data:` without its space; two `data` lines; unknown fields; an `id` with NUL; `retry: soon`; U+2028 in the data; `event:` missing, or another than the type; where the framing is another one: headers that nobody knows, blanks between values",
    naive: "splits at U+2028; joins data lines without LF; ignores every event without a name",
    right: "reads fields as the standard says, and goes by the payload's type",
    permits: "same; where event names are wrong also an error or an early end, for a reader that goes by them",
    source: &[
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "https://github.com/rexxars/eventsource-parser/pull/34",
        "https://github.com/sashabaranov/go-openai/pull/1057",
        "https://github.com/openai/openai-node/pull/2409",
    ],
    messages: Ok(documented(
        "event names equal the type: streaming, event types",
    )),
    chat: Ok(seen(
        "`event: error` of Groq: go-openai#1057; `error:` of GPUStack",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        reshape("data_spacing", forms::data_spacing),
        reshape("multi_data", forms::multi_data),
        reshape("unknown_field", forms::unknown_sse_field),
        reshape("separators", forms::separators),
        reshape("unknown_header", drawn::unknown_header),
        reshape("blanks", drawn::blanks),
        reshape("id_with_nul", |rng, subject| {
            drawn::noise(rng, subject, Noise::IdWithNul)
        }),
        reshape("retry_text", |rng, subject| {
            drawn::noise(rng, subject, Noise::RetryText)
        }),
        fault("dropped", |rng, subject| {
            drawn::event_names(rng, subject, EventNames::Dropped)
        }),
        fault("message", |rng, subject| {
            drawn::event_names(rng, subject, EventNames::Message)
        }),
        fault("wrong", |rng, subject| {
            drawn::event_names(rng, subject, EventNames::Wrong)
        }),
    ],
};

pub(super) const F_17B: Class = Class {
    id: "F-17b",
    name: "raw_scalars",
    kind: Kind::Fault,
    group: Group::Grammar,
    title: "payloads that are no objects",
    wire: "`data: true`, `data: \"Overloaded\"`, `data: []`, `data: null`",
    naive: "a crash: it asks a scalar for its fields",
    right: "passes over it with a warning, or reports an error",
    permits: "same, or an error: it says nothing that belongs to the message",
    source: &[
        "https://github.com/crmne/ruby_llm/issues/656",
        "https://github.com/crmne/ruby_llm/issues/837",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("ruby_llm#656")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("true", |rng, subject| {
            drawn::noise(rng, subject, Noise::True)
        }),
        fault("text", |rng, subject| {
            drawn::noise(rng, subject, Noise::Text)
        }),
        fault("list", |rng, subject| {
            drawn::noise(rng, subject, Noise::List)
        }),
        fault("null", |rng, subject| {
            drawn::noise(rng, subject, Noise::Null)
        }),
    ],
};
