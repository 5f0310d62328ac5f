//! E: errors within the stream. Those that come instead of one are in `session`.

use wiretape_core::Dialect;

use super::{Class, Group, Kind, drawn, fault, forms};
use crate::catalogue::{documented, seen};
use crate::parameters::{ErrorShape, Frame};
use crate::scenario::Profile;

pub(super) const F_40: Class = Class {
    id: "F-40",
    name: "error_event_mid_stream",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "an error after a 200",
    wire: "`event: error` and `{\"type\":\"error\",…}`; `data: {\"error\":{…}}`; `{\"error\":\"text\"}`; `{\"object\":\"error\",…}`; a chunk with an error inside; `error: {…}` as a field",
    naive: "passes over it: the text so far is shown as the reply, and pending tools are run",
    right: "the reply has failed; what was shown is marked as partial",
    permits: "error_reported; where the shape is no error of the dialect, also an early end",
    source: &[
        "https://platform.claude.com/docs/en/build-with-claude/streaming",
        "https://openrouter.ai/docs/api/reference/streaming",
        "https://github.com/anthropics/anthropic-sdk-python/issues/1258",
        "https://github.com/block/goose/pull/8031",
        "https://github.com/sashabaranov/go-openai/pull/1057",
    ],
    messages: Ok(seen("anthropic-sdk-python#1258")),
    chat: Ok(seen("a lone `error` object in recordings of OpenRouter")),
    elsewhere: &[
        (
            Dialect::OpenAiResponses,
            seen("nested and flat: openai-node#2021"),
        ),
        (Dialect::Gemini, seen("lines without `data:`: python-genai")),
        (Dialect::Ollama, documented("errors while streaming")),
        (
            Dialect::BedrockConverse,
            documented("ConverseStream: exceptions"),
        ),
    ],
    also: &[Profile::Quirks],
    forms: &[
        fault("event", forms::error_event),
        fault("unnamed", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Unnamed)
        }),
        fault("details", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Details)
        }),
        fault("named", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Named)
        }),
        fault("text", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Text)
        }),
        fault("object", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Object)
        }),
        fault("in_chunk", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::InChunk)
        }),
        fault("context", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Context)
        }),
        fault("field", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::Field)
        }),
        fault("then_done", |rng, subject| {
            drawn::foreign_error(rng, subject, ErrorShape::ThenDone)
        }),
    ],
};

pub(super) const F_44: Class = Class {
    id: "F-44",
    name: "rate_limit_in_stream",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "the first event is an error",
    wire: "a 200, and an error as the first or the second event",
    naive: "an empty reply that looks like success",
    right: "an error; asking again is safe, since nothing was shown",
    permits: "error_reported",
    source: &[
        "https://github.com/vercel/ai/issues/15922",
        "https://github.com/vercel/ai/pull/18154",
    ],
    messages: Ok(seen(
        "`overloaded_error` before any content: anthropic-sdk-python#1258",
    )),
    chat: Ok(seen("vercel/ai#15922")),
    elsewhere: &[],
    also: &[],
    forms: &[fault("first", forms::error_first)],
};

pub(super) const F_45: Class = Class {
    id: "F-45",
    name: "bedrock_frames",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "errors of the binary framing",
    wire: "exception frames, wrong checksums, a last frame that is cut",
    naive: "drops them",
    right: "an error",
    permits: "error_reported; behind a wrong checksum or a cut also eof_reported",
    source: &[
        "https://github.com/vercel/ai/issues/19034",
        "https://github.com/manaflow-ai/subrouter/pull/68",
    ],
    messages: Err("event streams are text: binary frames are Bedrock's"),
    chat: Err("event streams are text: binary frames are Bedrock's"),
    elsewhere: &[
        (
            Dialect::BedrockConverse,
            seen("vercel/ai#19034, litellm#32159"),
        ),
        (
            Dialect::BedrockInvoke,
            seen("anthropic-sdk-java#391, anthropic-sdk-go#303"),
        ),
    ],
    also: &[Profile::Quirks],
    forms: &[
        fault("retryable", |rng, subject| {
            let frames = [
                Frame::Throttling,
                Frame::ModelStreamError,
                Frame::InternalServer,
                Frame::ServiceUnavailable,
                Frame::ModelTimeout,
            ];
            drawn::frame(rng, subject, &frames)
        }),
        fault("validation", |rng, subject| {
            drawn::frame(rng, subject, &[Frame::Validation])
        }),
        fault("error", |rng, subject| {
            drawn::frame(rng, subject, &[Frame::Error])
        }),
        fault("prelude_checksum", |rng, subject| {
            drawn::frame(rng, subject, &[Frame::PreludeChecksum])
        }),
        fault("message_checksum", |rng, subject| {
            drawn::frame(rng, subject, &[Frame::MessageChecksum])
        }),
        fault("cut", drawn::cut_in_frame),
    ],
};

pub(super) const F_46: Class = Class {
    id: "F-46",
    name: "error_after_partial_tool",
    kind: Kind::Fault,
    group: Group::Errors,
    title: "an error in the midst of a call",
    wire: "some deltas of the arguments, then an error event",
    naive: "runs the call with what it has; or leaves a call without an answer in its history",
    right: "no call is run, and the history is closed",
    permits: "error_reported",
    source: &[
        "https://github.com/pydantic/pydantic-ai/pull/4963",
        "https://github.com/RooCodeInc/Roo-Code/pull/10015",
    ],
    messages: Ok(seen("pydantic-ai#4963")),
    chat: Ok(seen("roo#10015")),
    elsewhere: &[],
    also: &[],
    forms: &[fault("in_call", forms::error_in_call)],
};
