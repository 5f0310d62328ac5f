//! D: how a message ends.

use wiretape_core::Dialect;

use super::{Class, Group, Kind, delivery, drawn, fault, forms};
use crate::catalogue::{Backing, documented, seen};
use crate::parameters::{Lifecycle, Tail, Usage};
use crate::scenario::Profile;

pub(super) const F_30: Class = Class {
    id: "F-30",
    name: "eof_without_terminator",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "the stream stops after any event, and HTTP calls it whole",
    wire: "some events, then the last chunk of the body: no `message_stop`, no `[DONE]`",
    naive: "takes what it has for the reply, and runs the calls that look whole",
    right: "without the protocol's end there is no reply",
    permits: "an early end or an error; same or so_far where the reason for the end had come",
    source: &[
        "https://github.com/griffinwork40/agent-afk/pull/635",
        "https://github.com/BerriAI/litellm/pull/32159",
        "https://github.com/NVIDIA/TensorRT-LLM/pull/18289",
        "https://github.com/anomalyco/opencode/issues/38747",
        "https://github.com/vaadin/flow-components/pull/9195",
    ],
    messages: Ok(seen("agent-afk#635, litellm#32159")),
    chat: Ok(seen("TensorRT-LLM#18289, flow-components#9195")),
    elsewhere: &[
        (
            Dialect::BedrockConverse,
            seen("no messageStop: litellm#32159, #32686"),
        ),
        (
            Dialect::Gemini,
            seen("streams that stop without a finishReason"),
        ),
    ],
    also: &[],
    forms: &[fault("after_event", forms::cut_after_event)],
};

pub(super) const F_31: Class = Class {
    id: "F-31",
    name: "eof_mid_event",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "the last event has no blank line, or is cut",
    wire: "the body ends before the last LF, before the last two, or in the midst of the last line",
    naive: "loses a last event that is whole; or takes half a JSON text for an error",
    right: "the standard drops it; a lenient reader takes a whole payload and says so",
    permits: "an early end or an error; same where the payload is whole, or where it says nothing new",
    source: &[
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "https://github.com/mokksy/ai-mocks/issues/703",
    ],
    messages: Ok(seen("anthropic streams cut in an event: litellm#32159")),
    chat: Ok(seen("no last blank line: ai-mocks#703")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("last_line_end", forms::no_last_line_end),
        fault("last_line_ends", forms::no_last_line_ends),
        fault("half_line", forms::half_last_line),
    ],
};

pub(super) const F_32: Class = Class {
    id: "F-32",
    name: "done_without_finish",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "ends that are missing, doubled, early, or in another shape",
    wire: "`[DONE]` without a reason; a reason without `[DONE]`; both twice; a reason on every chunk; data behind `[DONE]`; `[DONE]` with spaces, with a name, with a tail",
    naive: "calls a reply without a reason whole; stops at the first reason; parses `[DONE]xyz` as JSON",
    right: "a reason and an end, in any number; nothing behind the end counts",
    permits: "same where reason and end are there; an error or an early end where one is not",
    source: &[
        "https://github.com/pydantic/pydantic-ai/issues/3045",
        "https://github.com/openai/openai-node/pull/2422",
        "https://github.com/64bit/async-openai/issues/543",
        "https://github.com/songquanpeng/one-api/issues/1408",
    ],
    messages: Ok(seen(
        "cut between `message_delta` and `message_stop`: opencode#38747",
    )),
    chat: Ok(seen(
        "no `[DONE]` from Perplexity and Writer; no reason from LM Studio",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("no_terminal", forms::no_terminal),
        fault("no_finish", forms::no_finish),
        fault("twice", forms::double_terminal),
        fault("no_reason", |rng, subject| {
            drawn::tail(rng, subject, Tail::NoReason)
        }),
        fault("reason_twice", |rng, subject| {
            drawn::tail(rng, subject, Tail::ReasonTwice)
        }),
        fault("reason_everywhere", |rng, subject| {
            drawn::tail(rng, subject, Tail::ReasonEverywhere)
        }),
        fault("reason_early", |rng, subject| {
            drawn::tail(rng, subject, Tail::ReasonEarly)
        }),
        fault("swapped", |rng, subject| {
            drawn::tail(rng, subject, Tail::Swapped)
        }),
        fault("content_behind", |rng, subject| {
            drawn::tail(rng, subject, Tail::ContentBehind)
        }),
        fault("done_spaces", |rng, subject| {
            drawn::tail(rng, subject, Tail::DoneSpaces)
        }),
        fault("done_letters", |rng, subject| {
            drawn::tail(rng, subject, Tail::DoneLetters)
        }),
        fault("done_named", |rng, subject| {
            drawn::tail(rng, subject, Tail::DoneNamed)
        }),
    ],
};

pub(super) const F_33: Class = Class {
    id: "F-33",
    name: "linger_after_done",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "the server keeps the connection open after the end",
    wire: "`message_stop` or `[DONE]`, and then nothing: no end of the body",
    naive: "waits for the end of the body",
    right: "the reply is whole when its end has come",
    permits: "same",
    source: &[
        "https://github.com/openai/openai-node/pull/2317",
        "https://github.com/tinyhumansai/openhuman/pull/4393",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("openai-node#2317")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("linger", delivery::linger),
        fault("late", delivery::late_end),
    ],
};

pub(super) const F_34: Class = Class {
    id: "F-34",
    name: "usage_tail",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "token counts elsewhere, again, or not at all",
    wire: "a last chunk of no choices with `usage`; `choices: null`; `usage` beside the reason, on every chunk, null, `{}`",
    naive: "asks the empty list for its first choice; stops at the reason and loses the count",
    right: "reads on until the end; counts replace one another",
    permits: "same: text and calls are as they were",
    source: &[
        "https://platform.openai.com/docs/api-reference/chat-streaming",
        "https://github.com/pydantic/pydantic-ai/issues/5170",
        "https://github.com/cline/cline/pull/8527",
        "https://github.com/0xPlaygrounds/rig/pull/1211",
    ],
    messages: Ok(seen("`input_tokens` at the end of OpenRouter: rig#2279")),
    chat: Ok(documented("stream_options.include_usage: chat streaming")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("null", |rng, subject| {
            drawn::usage(rng, subject, Usage::Null)
        }),
        fault("empty", |rng, subject| {
            drawn::usage(rng, subject, Usage::Empty)
        }),
        fault("dropped", |rng, subject| {
            drawn::usage(rng, subject, Usage::Dropped)
        }),
        fault("everywhere", |rng, subject| {
            drawn::usage(rng, subject, Usage::Everywhere)
        }),
        fault("tail", |rng, subject| {
            drawn::usage(rng, subject, Usage::Tail)
        }),
        fault("tail_null", |rng, subject| {
            drawn::usage(rng, subject, Usage::TailNull)
        }),
    ],
};

pub(super) const F_35: Class = Class {
    id: "F-35",
    name: "spliced_generation",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "a second message begins in the midst of the first",
    wire: "`message_start` with another id, and the indices begin again: a gateway has asked anew within one stream",
    naive: "appends the second to the first: `{\"value\":\"Spark{\"value\":\"Sparkle Day\"}`",
    right: "an error; or forgets the first and reads the second",
    permits: "same (the second is the whole reply), or an error: never both together",
    source: &["https://github.com/vercel/ai/pull/18402"],
    messages: Ok(seen("vercel/ai#18402")),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[fault("splice", drawn::splice)],
};

pub(super) const F_36: Class = Class {
    id: "F-36",
    name: "block_lifecycle_violations",
    kind: Kind::Fault,
    group: Group::Termination,
    title: "blocks that are not opened, not closed, or twice",
    wire: "a delta without `content_block_start`, a start or a stop twice, no stop",
    naive: "an IndexError; a delta in the wrong block; waits for a stop that does not come",
    right: "an error, or the obvious reading: never a call of which the beginning is missing",
    permits: "same, no_calls, or an error",
    source: &[
        "https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/lib/streaming/_messages.py",
        "https://github.com/pydantic/pydantic-ai/issues/5818",
    ],
    messages: Ok(seen("no start of text blocks from Bedrock's adapters")),
    chat: Err("Chat Completions has no events that open and close a block"),
    elsewhere: &[(
        Dialect::BedrockConverse,
        seen("text blocks without a start in recordings"),
    )],
    also: &[Profile::Quirks],
    forms: &[
        fault("no_start", |rng, subject| {
            drawn::lifecycle(rng, subject, Lifecycle::NoStart)
        }),
        fault("no_stop", |rng, subject| {
            drawn::lifecycle(rng, subject, Lifecycle::NoStop)
        }),
        fault("start_twice", |rng, subject| {
            drawn::lifecycle(rng, subject, Lifecycle::StartTwice)
        }),
        fault("stop_twice", |rng, subject| {
            drawn::lifecycle(rng, subject, Lifecycle::StopTwice)
        }),
        fault("stop_first", |rng, subject| {
            drawn::lifecycle(rng, subject, Lifecycle::StopFirst)
        }),
    ],
};
