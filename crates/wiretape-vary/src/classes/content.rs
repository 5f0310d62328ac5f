//! F: content, and what providers do.

use wiretape_core::Dialect;

use super::{Class, Group, Kind, drawn, fault, forms, reshape};
use crate::catalogue::{Backing, documented, seen};
use crate::parameters::{
    Byte, Candidates, Fields, Items, Odd, Reasoning, Repeat, Signature, Unknown,
};
use crate::scenario::Profile;

pub(super) const F_50: Class = Class {
    id: "F-50",
    name: "role_and_null_fields",
    kind: Kind::Fault,
    group: Group::Content,
    title: "fields that are there, not there, null or empty",
    wire: "`role` in every delta, `\"\"`, or never; `content: null`; no `delta`; a first chunk without choices; empty `id` and `model`; padding",
    naive: "`assistantassistant`; a crash on the chunk without a delta; the first, empty model for good",
    right: "takes what is there and passes over the rest",
    permits: "same; where a field that the schema asks for is missing, also an error",
    source: &[
        "https://github.com/openai/openai-node/issues/1982",
        "https://github.com/vercel/ai/issues/15464",
        "https://github.com/vercel/ai/issues/16532",
        "https://github.com/crmne/ruby_llm/issues/830",
    ],
    messages: Ok(documented("fields may be added: versioning policy")),
    chat: Ok(seen(
        "Azure's chunks without choices, `role` in every delta of LiteLLM",
    )),
    elsewhere: &[
        (
            Dialect::OpenAiResponses,
            seen("`obfuscation` in recordings"),
        ),
        (Dialect::BedrockConverse, seen("`p` in recordings")),
        (Dialect::Gemini, seen("fields of Vertex in recordings")),
    ],
    also: &[Profile::Quirks],
    forms: &[
        reshape("unknown_field", forms::unknown_field),
        reshape("whitespace", forms::json_whitespace),
        reshape("escapes", forms::json_escapes),
        reshape("role_everywhere", |rng, subject| {
            drawn::fields(rng, subject, Fields::RoleEverywhere)
        }),
        reshape("no_role", |rng, subject| {
            drawn::fields(rng, subject, Fields::NoRole)
        }),
        reshape("content_null", |rng, subject| {
            drawn::fields(rng, subject, Fields::ContentNull)
        }),
        reshape("no_null_reason", |rng, subject| {
            drawn::fields(rng, subject, Fields::NoNullReason)
        }),
        reshape("padding", |rng, subject| {
            drawn::fields(rng, subject, Fields::Padding)
        }),
        reshape("filter_first", |rng, subject| {
            drawn::fields(rng, subject, Fields::FilterFirst)
        }),
        fault("role_empty", |rng, subject| {
            drawn::fields(rng, subject, Fields::RoleEmpty)
        }),
        fault("no_delta", |rng, subject| {
            drawn::fields(rng, subject, Fields::NoDelta)
        }),
        fault("delta_null", |rng, subject| {
            drawn::fields(rng, subject, Fields::DeltaNull)
        }),
        fault("empty_ids", |rng, subject| {
            drawn::fields(rng, subject, Fields::EmptyIds)
        }),
    ],
};

pub(super) const F_51: Class = Class {
    id: "F-51",
    name: "reasoning_fields",
    kind: Kind::Fault,
    group: Group::Content,
    title: "reasoning in one of its many fields",
    wire: "`reasoning_content`, `reasoning`, `<think>` in the content, content as an array of parts",
    naive: "shows the reasoning as the answer; dies on an array",
    right: "keeps reasoning apart from the answer",
    permits: "same_but_reasoning; same_calls where the tags stand in the text; an error where content is an array",
    source: &[
        "https://api-docs.deepseek.com/guides/reasoning_model",
        "https://openrouter.ai/docs/use-cases/reasoning-tokens",
        "https://docs.mistral.ai/capabilities/reasoning/",
    ],
    messages: Err("Messages has blocks for thinking: see F-52"),
    chat: Ok(seen(
        "`reasoning_content` of DeepSeek, `reasoning` of OpenRouter, arrays of Mistral",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("renamed", |rng, subject| {
            drawn::reasoning(rng, subject, Reasoning::Renamed)
        }),
        fault("inserted", |rng, subject| {
            drawn::reasoning(rng, subject, Reasoning::Inserted)
        }),
        fault("tags", |rng, subject| {
            drawn::reasoning(rng, subject, Reasoning::Tags)
        }),
        fault("parts", |rng, subject| {
            drawn::reasoning(rng, subject, Reasoning::Parts)
        }),
    ],
};

pub(super) const F_52: Class = Class {
    id: "F-52",
    name: "thinking_signature",
    kind: Kind::Fault,
    group: Group::Content,
    title: "signatures of thinking, missing, long, or in parts",
    wire: "no `signature_delta`; one of a megabyte; one of two halves",
    naive: "appends what replaces; loses it, so that the next request is refused",
    right: "the signature of the last delta, byte by byte, in the next request",
    permits: "same_but_reasoning: text and calls are as they were",
    source: &[
        "https://platform.claude.com/docs/en/build-with-claude/extended-thinking",
        "https://github.com/pydantic/pydantic-ai/issues/2785",
        "https://github.com/BerriAI/litellm/issues/38153",
    ],
    messages: Ok(seen("gateways that drop it: litellm#38153")),
    chat: Err("Chat Completions has no signatures"),
    elsewhere: &[(
        Dialect::BedrockConverse,
        documented("ConverseStream: reasoningContent.signature"),
    )],
    also: &[Profile::Quirks],
    forms: &[
        fault("dropped", |rng, subject| {
            drawn::signature(rng, subject, Signature::Dropped)
        }),
        fault("halves", |rng, subject| {
            drawn::signature(rng, subject, Signature::Halves)
        }),
        fault("long", |rng, subject| {
            drawn::signature(rng, subject, Signature::Long)
        }),
    ],
};

pub(super) const F_53: Class = Class {
    id: "F-53",
    name: "refusal_and_filter",
    kind: Kind::Fault,
    group: Group::Content,
    title: "the reply stops for a refusal or a filter",
    wire: "some text, and then `refusal` or `content_filter`; Chat's text in `delta.refusal`",
    naive: "an empty reply, or half a sentence that looks whole",
    right: "says that it was refused or filtered; runs no call",
    permits: "no_calls, or an error",
    source: &[
        "https://platform.claude.com/docs/en/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals",
        "https://github.com/0xPlaygrounds/rig/pull/2332",
    ],
    messages: Ok(documented("handle streaming refusals")),
    chat: Ok(documented("chat streaming, finish_reason")),
    elsewhere: &[
        (
            Dialect::OpenAiResponses,
            documented("responses-streaming: response.incomplete"),
        ),
        (
            Dialect::Gemini,
            documented("generate-content: FinishReason"),
        ),
        (
            Dialect::BedrockConverse,
            documented("ConverseStream: stopReason"),
        ),
    ],
    also: &[],
    forms: &[
        fault("reason", forms::filtered),
        fault("early", drawn::stop_after),
    ],
};

pub(super) const F_54: Class = Class {
    id: "F-54",
    name: "gemini_shapes",
    kind: Kind::Fault,
    group: Group::Content,
    title: "whole calls without ids, partial arguments by path, candidates without content",
    wire: "`functionCall{name,args}` in a part; `partialArgs[{jsonPath,stringValue}]`; a JSON array instead of events",
    naive: "two calls with one made-up id; a missing end of partial arguments",
    right: "ids by position; ends by the reason",
    permits: "same; other made-up ids where none are sent; an error or no call where arguments come in a shape that was not asked for",
    source: &[
        "https://ai.google.dev/api/generate-content",
        "https://github.com/google-gemini/gemini-cli/issues/26646",
    ],
    messages: Err("the shapes are those of Gemini's own dialect"),
    chat: Err("the shapes are those of Gemini's own dialect"),
    elsewhere: &[(Dialect::Gemini, seen("recordings; gemini-cli#26646"))],
    also: &[Profile::Quirks],
    forms: &[
        fault("partial_arguments", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::PartialArguments)
        }),
        fault("no_terminator", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::NoTerminator)
        }),
        fault("no_ids", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::NoIds)
        }),
        reshape("no_arguments", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::NoArguments)
        }),
        reshape("calls_apart", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::CallsApart)
        }),
        reshape("calls_together", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::CallsTogether)
        }),
        fault("no_parts", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::NoParts)
        }),
        fault("empty_parts", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::EmptyParts)
        }),
        fault("no_content", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::NoContent)
        }),
        reshape("no_role", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::NoRole)
        }),
        reshape("usage_alone", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::UsageAlone)
        }),
        reshape("reason_alone", |rng, subject| {
            drawn::candidates(rng, subject, Candidates::ReasonAlone)
        }),
    ],
};

pub(super) const F_55: Class = Class {
    id: "F-55",
    name: "responses_api_shapes",
    kind: Kind::Fault,
    group: Group::Content,
    title: "items that change their ids, end out of order, or come twice",
    wire: "`output_item.added`, deltas, `.done` with another item id; `.done` that repeats the whole text",
    naive: "text twice; a lost item; strict lists of types",
    right: "items by `output_index`; `.done` replaces",
    permits: "same, or an error; no call where two items cannot be told apart",
    source: &[
        "https://github.com/vercel/ai/commit/73d48d0",
        "https://github.com/badlogic/pi-mono/issues/6009",
    ],
    messages: Err("the shapes are those of the Responses dialect"),
    chat: Err("the shapes are those of the Responses dialect"),
    elsewhere: &[(
        Dialect::OpenAiResponses,
        seen("vercel/ai 73d48d0, pi#6009, 9router#705"),
    )],
    also: &[Profile::Quirks],
    forms: &[
        fault("other_ids", |rng, subject| {
            drawn::items(rng, subject, Items::OtherIds)
        }),
        fault("done_out_of_order", |rng, subject| {
            drawn::items(rng, subject, Items::DoneOutOfOrder)
        }),
        fault("no_output", |rng, subject| {
            drawn::items(rng, subject, Items::NoOutput)
        }),
        fault("empty_output", |rng, subject| {
            drawn::items(rng, subject, Items::EmptyOutput)
        }),
        fault("numbers_missing", |rng, subject| {
            drawn::items(rng, subject, Items::NumbersMissing)
        }),
        fault("numbers_gaps", |rng, subject| {
            drawn::items(rng, subject, Items::NumbersGaps)
        }),
        fault("numbers_twice", |rng, subject| {
            drawn::items(rng, subject, Items::NumbersTwice)
        }),
        fault("no_argument_deltas", |rng, subject| {
            drawn::items(rng, subject, Items::NoArgumentDeltas)
        }),
        fault("no_arguments_done", |rng, subject| {
            drawn::items(rng, subject, Items::NoArgumentsDone)
        }),
        fault("no_added", |rng, subject| {
            drawn::items(rng, subject, Items::NoAdded)
        }),
        fault("index_zero", |rng, subject| {
            drawn::items(rng, subject, Items::IndexZero)
        }),
    ],
};

pub(super) const F_56: Class = Class {
    id: "F-56",
    name: "unknown_things",
    kind: Kind::Fault,
    group: Group::Content,
    title: "events, deltas, blocks and reasons that nobody knows",
    wire: "an event of an unknown type; an unknown delta in a known block; a block of an unknown type; an unknown reason",
    naive: "a strict list of types dies",
    right: "passes over what it does not know; a reason it does not know forbids acting",
    permits: "same; no_calls after an unknown reason",
    source: &[
        "https://platform.claude.com/docs/en/api/versioning",
        "https://github.com/vercel/ai/issues/16532",
        "https://github.com/vercel/ai/issues/12456",
    ],
    messages: Ok(documented(
        "fields and event types may be added: versioning policy",
    )),
    chat: Ok(seen(
        "Azure's first chunk: no choices, and `prompt_filter_results`",
    )),
    elsewhere: &[(
        Dialect::OpenAiResponses,
        seen("custom tools, keepalive: vercel/ai#12456"),
    )],
    also: &[],
    forms: &[
        reshape("event", forms::unknown_event),
        fault("delta", |rng, subject| {
            drawn::unknown(rng, subject, Unknown::Delta)
        }),
        fault("block", |rng, subject| {
            drawn::unknown(rng, subject, Unknown::Block)
        }),
        fault("reason", forms::unknown_reason),
    ],
};

pub(super) const F_57: Class = Class {
    id: "F-57",
    name: "n_choices",
    kind: Kind::Fault,
    group: Group::Content,
    title: "a second answer in the same stream",
    wire: "chunks of `index: 1` between those of `index: 0`",
    naive: "puts both texts together",
    right: "keeps answers apart; the first is the reply",
    permits: "same_first: answer 0 is as it was",
    source: &[
        "https://platform.openai.com/docs/api-reference/chat-streaming",
        "https://github.com/0xPlaygrounds/rig/pull/2337",
    ],
    messages: Err("Messages has one answer"),
    chat: Ok(documented("`n`: chat")),
    elsewhere: &[],
    also: &[],
    forms: &[fault("second", drawn::second_answer)],
};

pub(super) const F_58: Class = Class {
    id: "F-58",
    name: "duplicate_or_cumulative_text",
    kind: Kind::Fault,
    group: Group::Content,
    title: "text again: all so far, or all at the end",
    wire: "each delta is the whole text so far; the last delta twice; the whole text once more at the end",
    naive: "shows it twice",
    right: "appends, as the protocol says; or, where it is told to, finds that a delta begins with all that came",
    permits: "same (it found out), or same_calls (it appended)",
    source: &[
        "https://docs.perplexity.ai/guides/streaming-responses",
        "https://github.com/vercel/ai/issues/7330",
        "https://github.com/vercel/ai/issues/11658",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("Perplexity's `message`; vercel/ai#11658 (xAI)")),
    elsewhere: &[(
        Dialect::OpenAiResponses,
        seen("text twice from `.done`: vercel/ai#11658"),
    )],
    also: &[Profile::Quirks],
    forms: &[
        fault("cumulative", |rng, subject| {
            drawn::repeat(rng, subject, Repeat::Cumulative)
        }),
        fault("last_twice", |rng, subject| {
            drawn::repeat(rng, subject, Repeat::LastTwice)
        }),
        fault("whole_at_end", |rng, subject| {
            drawn::repeat(rng, subject, Repeat::WholeAtEnd)
        }),
    ],
};

pub(super) const F_59: Class = Class {
    id: "F-59",
    name: "control_bytes",
    kind: Kind::Fault,
    group: Group::Content,
    title: "NUL, control bytes, numbers out of range, keys twice",
    wire: "`\\u0000` in a text; a raw NUL or VT inside a JSON string; 1e400; a key twice",
    naive: "a database refuses the text; a parser dies; a number becomes another",
    right: "keeps what JSON permits; reports what it does not",
    permits: "same_calls where the text has the character; an error where it is no JSON",
    source: &[
        "https://github.com/BerriAI/litellm/pull/24314",
        "https://github.com/onyx-dot-app/onyx/pull/8177",
        "https://github.com/opensanctions/poliloom/issues/138",
    ],
    messages: Ok(seen("poliloom#138")),
    chat: Ok(seen("litellm#24314")),
    elsewhere: &[],
    also: &[Profile::Hostile],
    forms: &[
        fault("escaped_nul", |rng, subject| {
            drawn::byte(rng, subject, Byte::EscapedNul)
        }),
        fault("raw_nul", |rng, subject| {
            drawn::byte(rng, subject, Byte::RawNul)
        }),
        fault("raw_vt", |rng, subject| {
            drawn::byte(rng, subject, Byte::RawVt)
        }),
        reshape("big_integer", |rng, subject| {
            drawn::odd(rng, subject, Odd::BigInteger)
        }),
        reshape("negative_zero", |rng, subject| {
            drawn::odd(rng, subject, Odd::NegativeZero)
        }),
        fault("exponent", |rng, subject| {
            drawn::odd(rng, subject, Odd::Exponent)
        }),
        fault("twice", |rng, subject| drawn::odd(rng, subject, Odd::Twice)),
    ],
};
