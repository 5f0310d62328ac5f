//! C: tool calls.

use wiretape_core::Dialect;

use super::{Class, Group, Kind, drawn, fault, forms, reshape};
use crate::catalogue::{Backing, documented, seen};
use crate::parameters::{Arguments, Ids, Indices, Names, Order};
use crate::scenario::Profile;

pub(super) const F_18: Class = Class {
    id: "F-18",
    name: "empty_arguments",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "a call without arguments, in every shape",
    wire: "`arguments`: `\"\"`, null, not there, `\"null\"`, `\"{}\"` whole in the first delta, `\"\"` and then `\"{}\"`; `partial_json: \"\"` only, or no delta at all",
    naive: "a JSON error, a dropped call, an answer without its question in the next request",
    right: "nothing, blank, `null` as text and absent mean `{}`; everything else must parse",
    permits: "same: the call has no arguments in each of these shapes",
    source: &[
        "https://github.com/vercel/ai/pull/10747",
        "https://github.com/charmbracelet/fantasy/pull/219",
        "https://github.com/0xPlaygrounds/rig/pull/2359",
        "https://github.com/simonw/llm/issues/1218",
    ],
    messages: Ok(seen(
        "no delta, or an empty one: recordings; fantasy#219 (DeepSeek)",
    )),
    chat: Ok(seen(
        "`\"null\"` of Groq: rig#2359; `\"\"` then `\"{}\"` of OpenRouter: llm#1218",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("empty", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Empty)
        }),
        fault("null", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Null)
        }),
        fault("absent", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Absent)
        }),
        fault("null_text", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::NullText)
        }),
        fault("whole", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Whole)
        }),
        fault("late", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Late)
        }),
    ],
};

pub(super) const F_19: Class = Class {
    id: "F-19",
    name: "arguments_as_object",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "arguments as an object, or encoded twice",
    wire: "`\"arguments\":{\"city\":\"Paris\"}`; or a string that holds a JSON string",
    naive: "refuses the whole chunk; or appends \"[object Object]\"",
    right: "takes the object for its text; a string within the string is no object: the call is not run",
    permits: "same, calls_refused, or an error: never another call",
    source: &[
        "https://github.com/0xPlaygrounds/rig/pull/1822",
        "https://github.com/BerriAI/litellm/pull/37792",
        "https://github.com/ollama/ollama/issues/12413",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("rig#1822, litellm#37792")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("object", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Object)
        }),
        fault("encoded", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Encoded)
        }),
    ],
};

pub(super) const F_20: Class = Class {
    id: "F-20",
    name: "invalid_json_arguments",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "a whole call whose arguments do not parse",
    wire: "one byte of the arguments is another; or a second object behind the first",
    naive: "runs the tool with `{}`; drops the call without a word; repairs it and runs it",
    right: "does not run it, and answers the call with an error, so that the model learns",
    permits: "calls_refused, or an error: what the model wrote is not known",
    source: &[
        "https://github.com/charmbracelet/fantasy/pull/223",
        "https://github.com/cline/cline/issues/13015",
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming",
    ],
    messages: Ok(documented(
        "fine-grained tool streaming: may be invalid JSON",
    )),
    chat: Ok(documented(
        "the model does not always generate valid JSON: chat, tool_calls",
    )),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("junk", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Junk)
        }),
        fault("headless", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Headless)
        }),
    ],
};

pub(super) const F_21: Class = Class {
    id: "F-21",
    name: "truncated_by_max_tokens",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "the arguments are cut by the limit of tokens",
    wire: "deltas that end in the midst of a string, no `content_block_stop`, `stop_reason: \"max_tokens\"`; `finish_reason: \"length\"`; vLLM says `tool_calls` all the same",
    naive: "waits for the block's end and hangs; or runs the call with what it has",
    right: "runs no call of a message that was cut; where the reason hides it, the arguments do not parse",
    permits: "no_calls or an error; where the reason hides it, calls_refused",
    source: &[
        "https://github.com/vllm-project/vllm/issues/53269",
        "https://github.com/NousResearch/hermes-agent/pull/43478",
        "https://github.com/RooCodeInc/Roo-Code/issues/10415",
        "https://github.com/anthropics/anthropic-sdk-python/tree/main/tests/lib/streaming/fixtures",
    ],
    messages: Ok(seen("the SDK's fixture incomplete_partial_json_response")),
    chat: Ok(seen("vllm#53269, rig#2359 (DeepSeek)")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("open", drawn::cut_open),
        fault("closed", drawn::cut_closed),
        fault("hidden", drawn::cut_hidden),
    ],
};

pub(super) const F_22: Class = Class {
    id: "F-22",
    name: "parsable_prefix",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "fragments of arguments, some of which parse by themselves",
    wire: "`{\"city\":\"Paris\"}` in one delta and a blank in the next; `{}` first and the arguments then; any other fragments",
    naive: "takes the call for whole as soon as its arguments parse, and runs it, or runs it twice",
    right: "takes a call for whole at the message's end and not before",
    permits: "same; calls_refused or an error where `{}` and the arguments together do not parse",
    source: &[
        "https://github.com/vercel/ai/pull/13137",
        "https://github.com/vercel/ai/pull/16838",
        "https://github.com/charmbracelet/fantasy/commit/5ff5101",
    ],
    messages: Ok(documented(
        "how long a delta is is not said: streaming, content block delta events",
    )),
    chat: Ok(seen("GLM on Fireworks: fantasy 5ff5101")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        reshape("split", forms::split_delta),
        reshape("merge", forms::merge_deltas),
        fault("blank", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Blank)
        }),
        fault("placeholder", |rng, subject| {
            drawn::arguments(rng, subject, Arguments::Placeholder)
        }),
    ],
};

pub(super) const F_23: Class = Class {
    id: "F-23",
    name: "interleaved_calls",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "the deltas of several calls take turns",
    wire: "index 0, index 1, index 0, index 1, …; or two calls in one chunk",
    naive: "has one current call, or ends a call when the index changes: fragments of one in the other",
    right: "keeps each call by its index, and ends none before the message's end",
    permits: "same: the index says whose a delta is",
    source: &[
        "https://github.com/crmne/ruby_llm/issues/710",
        "https://github.com/google-gemini/gemini-cli/issues/26646",
        "https://github.com/badlogic/pi-mono/issues/6009",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[],
    forms: &[
        reshape("interleave", forms::interleave),
        fault("calls_together", |rng, subject| {
            drawn::order(rng, subject, Order::CallsTogether)
        }),
    ],
};

pub(super) const F_24: Class = Class {
    id: "F-24",
    name: "index_irregular",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "indices that are missing, the same, or far apart",
    wire: "no `index`; all 0; the first is 1; 0, 2, 5; 1000000000; `\"0\"`; -1",
    naive: "a sparse array crashes, a huge one eats the memory, calls with one index flow together",
    right: "a known id, else a known index, else the latest call; a map and no array",
    permits: "same, calls_refused, or an error: never fragments of one call in another",
    source: &[
        "https://github.com/0xPlaygrounds/rig/pull/1443",
        "https://github.com/InternLM/lmdeploy/issues/3412",
        "https://github.com/cline/cline/pull/13123",
        "https://github.com/openai/openai-node/pull/2323",
        "https://github.com/vercel/ai/pull/18382",
    ],
    messages: Ok(seen("the first index is 1: cline#13123 (LiteLLM)")),
    chat: Ok(seen(
        "none of Gemini and Mistral; all 0 of LiteLLM: rig#1443",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("missing", |rng, subject| {
            drawn::indices(rng, subject, Indices::Missing)
        }),
        fault("zero", |rng, subject| {
            drawn::indices(rng, subject, Indices::Zero)
        }),
        fault("from_one", |rng, subject| {
            drawn::indices(rng, subject, Indices::FromOne)
        }),
        fault("gaps", |rng, subject| {
            drawn::indices(rng, subject, Indices::Gaps)
        }),
        fault("huge", |rng, subject| {
            drawn::indices(rng, subject, Indices::Huge)
        }),
        fault("text", |rng, subject| {
            drawn::indices(rng, subject, Indices::Text)
        }),
        fault("negative", |rng, subject| {
            drawn::indices(rng, subject, Indices::Negative)
        }),
    ],
};

pub(super) const F_25: Class = Class {
    id: "F-25",
    name: "id_name_placement",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "ids and names elsewhere, again, or not at all",
    wire: "the id in every delta, `\"\"` or null afterwards, never, or another each time; the name again, later, in two parts; `type` missing or null",
    naive: "appends what is repeated: `get_weatherget_weather`; a new call per delta; a crash on null",
    right: "takes the first id and name that are not empty; makes an id where none comes",
    permits: "same, but for ids that nobody sent; calls_refused or an error where nobody can tell the calls apart",
    source: &[
        "https://github.com/vercel/ai/issues/19091",
        "https://github.com/vercel/ai/issues/14760",
        "https://github.com/vllm-project/vllm/issues/18412",
        "https://github.com/0xPlaygrounds/rig/pull/1510",
        "https://github.com/vercel/ai/issues/12901",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen(
        "`\"\"` of Qwen and vLLM: vercel/ai#19091; a new id per chunk of GLM-4: rig#1510",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("id_every", |rng, subject| {
            drawn::ids(rng, subject, Ids::Every)
        }),
        fault("id_empty_after", |rng, subject| {
            drawn::ids(rng, subject, Ids::EmptyAfter)
        }),
        fault("id_null_after", |rng, subject| {
            drawn::ids(rng, subject, Ids::NullAfter)
        }),
        fault("id_other", |rng, subject| {
            drawn::ids(rng, subject, Ids::Other)
        }),
        fault("id_absent", |rng, subject| {
            drawn::ids(rng, subject, Ids::Absent)
        }),
        fault("id_null", |rng, subject| {
            drawn::ids(rng, subject, Ids::Null)
        }),
        fault("id_empty", |rng, subject| {
            drawn::ids(rng, subject, Ids::Empty)
        }),
        fault("id_same", |rng, subject| {
            drawn::ids(rng, subject, Ids::Same)
        }),
        fault("name_every", |rng, subject| {
            drawn::names(rng, subject, Names::Every)
        }),
        fault("name_empty_after", |rng, subject| {
            drawn::names(rng, subject, Names::EmptyAfter)
        }),
        fault("name_null_after", |rng, subject| {
            drawn::names(rng, subject, Names::NullAfter)
        }),
        fault("name_late", |rng, subject| {
            drawn::names(rng, subject, Names::Late)
        }),
        fault("name_split", |rng, subject| {
            drawn::names(rng, subject, Names::Split)
        }),
        fault("name_no_type", |rng, subject| {
            drawn::names(rng, subject, Names::NoType)
        }),
        fault("name_null_type", |rng, subject| {
            drawn::names(rng, subject, Names::NullType)
        }),
    ],
};

pub(super) const F_26: Class = Class {
    id: "F-26",
    name: "tool_vs_text_order",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "text and calls in another order, or in one chunk",
    wire: "content and calls in one delta; text in the chunk that says the reason; a call in it; a call behind it",
    naive: "looks at one of the two and drops the other; stops reading at the reason",
    right: "reads every field of every chunk until the end",
    permits: "same: every part is there; an error where a call comes behind the reason",
    source: &[
        "https://github.com/0xPlaygrounds/rig/pull/862",
        "https://github.com/jeremychone/rust-genai/issues/164",
        "https://github.com/crmne/ruby_llm/commit/504fca4f",
    ],
    messages: Err(
        "a Messages block is opened and closed by events of its own, and the reason has its own event",
    ),
    chat: Ok(seen(
        "text beside the reason of Kimi: rust-genai#164; a call beside it of Mistral",
    )),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[
        fault("text_in_finish", |rng, subject| {
            drawn::order(rng, subject, Order::TextInFinish)
        }),
        fault("call_in_finish", |rng, subject| {
            drawn::order(rng, subject, Order::CallInFinish)
        }),
        fault("call_after_finish", |rng, subject| {
            drawn::order(rng, subject, Order::CallAfterFinish)
        }),
        fault("text_with_call", |rng, subject| {
            drawn::order(rng, subject, Order::TextWithCall)
        }),
    ],
};

pub(super) const F_27: Class = Class {
    id: "F-27",
    name: "unsafe_finish",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "the message ended in a way that forbids acting",
    wire: "whole calls, and then `refusal`, `content_filter`, `max_tokens`, `pause_turn`, or a reason nobody knows",
    naive: "runs the calls, since they look whole",
    right: "runs calls only after a reason that permits it",
    permits: "no_calls, or an error",
    source: &[
        "https://github.com/vercel/ai/pull/19066",
        "https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons",
    ],
    messages: Ok(documented(
        "stop reasons; new ones may be added: versioning policy",
    )),
    chat: Ok(documented("chat streaming, finish_reason")),
    elsewhere: &[],
    also: &[],
    forms: &[fault("reason", forms::unsafe_finish)],
};

pub(super) const F_28: Class = Class {
    id: "F-28",
    name: "finish_reason_mismatch",
    kind: Kind::Fault,
    group: Group::Tools,
    title: "a normal reason that does not fit the calls",
    wire: "`stop` or `end_turn` although calls came; `tool_calls` although none came",
    naive: "goes by the reason: runs nothing, or fails because there is nothing to run",
    right: "calls that are there and a normal reason: they are run",
    permits: "same_but_reason",
    source: &[
        "https://github.com/googleapis/python-genai/issues/2868",
        "https://github.com/vllm-project/vllm/issues/9209",
        "https://github.com/ollama/ollama/issues/7963",
        "https://github.com/strands-agents/sdk-python/issues/1827",
    ],
    messages: Ok(seen("`end_turn` beside calls of Bedrock: strands#1827")),
    chat: Ok(seen("`stop` beside calls: python-genai#2868")),
    elsewhere: &[
        (
            Dialect::Gemini,
            seen("`STOP` beside calls in every recording"),
        ),
        (Dialect::Ollama, seen("`stop` beside calls in recordings")),
    ],
    also: &[Profile::Quirks],
    forms: &[fault("reason", forms::other_finish)],
};

pub(super) const F_29: Class = Class {
    id: "F-29",
    name: "execution_order",
    kind: Kind::Reshape,
    group: Group::Tools,
    title: "a long tail after the call",
    wire: "keep-alives between the last call and the message's end",
    naive: "runs the tool before the message is stored: the answer stands before its question",
    right: "runs tools after the message's end",
    permits: "same: nothing is added to the message",
    source: &[
        "https://github.com/RooCodeInc/Roo-Code/pull/11046",
        "https://github.com/charmbracelet/fantasy/commit/bbf53dc",
    ],
    messages: Ok(seen("`event: ping` anywhere, also between blocks")),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[],
    forms: &[reshape("tail", forms::long_tail)],
};
