//! A: bytes, moments, the connection.

use wiretape_core::Dialect;

use super::{Class, Group, Kind, delivery, drawn, fault, forms, reshape};
use crate::catalogue::{Backing, seen};
use crate::scenario::Profile;

pub(super) const F_01: Class = Class {
    id: "F-01",
    name: "chunk_split_json",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "an event is cut across reads",
    wire: "`data: {\"choices\":[{\"delta\":{\"con` in one read, `tent\":\"Hi\"}}]}` in the next",
    naive: "parses each read, or each piece of a line: a JSON error, or a lost delta",
    right: "keeps what is not complete and goes on with the next read",
    permits: "same: HTTP promises nothing about where reads end",
    source: &[
        "https://github.com/0xPlaygrounds/rig/pull/683",
        "https://github.com/openai/openai-agents-python/pull/4215",
        "https://github.com/Routstr/routstr-core/pull/543",
    ],
    messages: Ok(seen("cuts inside an event: agents-python#4215")),
    chat: Ok(seen(
        "cuts inside an event in recordings of Z.ai, Groq and OpenRouter",
    )),
    elsewhere: &[],
    also: &[],
    forms: &[
        reshape("bytes", forms::bytes),
        reshape("every", forms::every),
        reshape("at", forms::cuts),
    ],
};

pub(super) const F_02: Class = Class {
    id: "F-02",
    name: "chunk_merge",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "several events in one read",
    wire: "two events and a half in one read; or the whole reply in one",
    naive: "takes one event per read and drops the rest",
    right: "takes every event that a read completes",
    permits: "same: HTTP promises nothing about where reads end",
    source: &["https://github.com/jeremychone/rust-genai/commit/b08af87"],
    messages: Ok(seen("1.4 events per chunk in recordings")),
    chat: Ok(seen(
        "2.3 events per chunk in recordings of Groq, 4 of Cerebras",
    )),
    elsewhere: &[],
    also: &[],
    forms: &[
        reshape("merge", forms::merge),
        reshape("whole", forms::whole),
    ],
};

pub(super) const F_03: Class = Class {
    id: "F-03",
    name: "utf8_split",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "a character is cut across reads",
    wire: "`E9` ends one read, `82 A3` begins the next",
    naive: "decodes each read by itself: U+FFFD for ever, or an error about an incomplete sequence",
    right: "decodes over the end of the read, or splits into lines before it decodes",
    permits: "same: a character is bytes like any other",
    source: &[
        "https://github.com/librefang/librefang/issues/3448",
        "https://github.com/mrpulor-gh/nuphus/issues/41",
        "https://github.com/0xPlaygrounds/rig/pull/812",
        "https://github.com/jeremychone/rust-genai/pull/187",
    ],
    messages: Ok(seen("anthropic-sdk-typescript#681")),
    chat: Ok(seen("openai-node#1316")),
    elsewhere: &[],
    also: &[],
    forms: &[reshape("inside_utf8", forms::inside_utf8)],
};

pub(super) const F_04: Class = Class {
    id: "F-04",
    name: "server_utf8_split",
    kind: Kind::Fault,
    group: Group::Transport,
    title: "the server itself cut a character",
    wire: "two deltas, `\u{FFFD}` at the end of one and at the beginning of the next",
    naive: "shows what it got: nothing can be done about it",
    right: "the same, and counts it",
    permits: "same_calls: the character is lost, all else is as it was",
    source: &[
        "https://github.com/ggml-org/llama.cpp/pull/28926",
        "https://github.com/kekzl/imp/pull/1667",
        "https://github.com/mattn/tensai/pull/110",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("llama.cpp#28926")),
    elsewhere: &[],
    also: &[Profile::Quirks],
    forms: &[fault("halved", drawn::halved)],
};

pub(super) const F_05: Class = Class {
    id: "F-05",
    name: "surrogate_split",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "one half of a surrogate pair per delta",
    wire: "`\\ud83d` ends one delta, `\\ude00` begins the next; or the same inside the arguments",
    naive: "refuses the event for its lone surrogate, or keeps two halves that nobody takes",
    right: "holds the first half until the second comes",
    permits: "same: JSON strings are UTF-16 units, and a delta may end after any of them",
    source: &[
        "https://github.com/elizaOS/eliza/issues/30904",
        "https://github.com/elie222/rakazo/issues/416",
        "https://github.com/google-gemini/gemini-cli/pull/22754",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[],
    forms: &[
        reshape("outer", forms::split_surrogate),
        reshape("inner", forms::split_inner),
    ],
};

pub(super) const F_06: Class = Class {
    id: "F-06",
    name: "crlf_split",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "other line ends, also cut in two",
    wire: "`data: x\\r` ends one read, `\\n\\r\\n` begins the next; or CR alone; or line by line another",
    naive: "splits at LF LF alone and shows nothing until the end; or takes the cut CR LF for a blank line",
    right: "takes LF, CR LF and CR, and remembers a CR at the end of a read",
    permits: "same: the standard names all three line ends",
    source: &[
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "https://github.com/nyroway/nyro/pull/265",
        "https://github.com/miruamel/xuan/issues/194",
        "https://github.com/openai/openai-node/pull/2309",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("CR LF: Perplexity")),
    elsewhere: &[(Dialect::Gemini, seen("CR LF in every recording"))],
    also: &[],
    forms: &[
        reshape("ends", forms::line_ends),
        reshape("between", forms::between_cr_lf),
    ],
};

pub(super) const F_07: Class = Class {
    id: "F-07",
    name: "bom",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "a byte order mark in front",
    wire: "`EF BB BF` before the first field, also cut after each of its bytes",
    naive: "takes it for a part of the first field's name and loses the first event",
    right: "takes one off at the start, and only there",
    permits: "same: the standard says that one is taken off",
    source: &[
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "https://github.com/launchdarkly/sse-contract-tests",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[],
    forms: &[reshape("bom", forms::bom), reshape("cut", forms::bom_cut)],
};

pub(super) const F_08: Class = Class {
    id: "F-08",
    name: "gzip_sse",
    kind: Kind::Fault,
    group: Group::Transport,
    title: "the body is compressed",
    wire: "`content-encoding: gzip` (or br, zstd), flushed per event, or once at the end, or cut in its trailer",
    naive: "looks for `data:` in compressed bytes; or yields nothing until the decompressor's block is full",
    right: "does not offer it, or decompresses what it offered and takes what is flushed as it comes",
    permits: "same where the client offered it; an error where it did not, or where the trailer is cut",
    source: &[
        "https://github.com/github/gh-aw-firewall/pull/1550",
        "https://github.com/vm0-ai/vm0/pull/8903",
        "https://github.com/editor-code-assistant/eca/pull/479",
        "https://github.com/lidge-jun/opencodex/pull/115",
    ],
    messages: Ok(seen("gzip where the client offers it: eca#479")),
    chat: Ok(seen("brotli: opencodex#115")),
    elsewhere: &[],
    also: &[],
    forms: &[
        reshape("each", delivery::encode_each),
        reshape("at_end", delivery::encode_at_end),
        fault("truncated", delivery::encode_truncated),
    ],
};

pub(super) const F_09: Class = Class {
    id: "F-09",
    name: "proxy_buffering",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "a proxy collects the stream",
    wire: "nothing for a while, then everything in one read",
    naive: "gives up before the first byte; or shows everything in one go",
    right: "waits within its limit, and takes a burst as it takes a drip",
    permits: "same: only the moments are others",
    source: &[
        "https://github.com/Boise-State-Development/agentcore-public-stack/pull/1133",
        "https://github.com/seaavey/SRouter/pull/104",
    ],
    messages: Ok(seen("gzip that arrives in bursts: eca#479")),
    chat: Ok(seen("proxies that collect: agentcore-public-stack#1133")),
    elsewhere: &[],
    also: &[],
    forms: &[
        reshape("pace", forms::pace),
        reshape("burst", delivery::burst),
    ],
};

pub(super) const F_10: Class = Class {
    id: "F-10",
    name: "stall",
    kind: Kind::Fault,
    group: Group::Transport,
    title: "the connection stays open and nothing comes",
    wire: "no bytes: before the head, before the first event, in a text, in arguments, before the end",
    naive: "waits for ever: its time limit covers only the head",
    right: "an idle limit that every byte resets, and an error when it is reached",
    permits: "same where the rest comes within the limit; an error or an early end where it does not",
    source: &[
        "https://github.com/QwenLM/qwen-code/issues/4177",
        "https://github.com/esengine/DeepSeek-Reasonix/pull/3745",
        "https://github.com/tinyhumansai/openhuman/pull/4393",
    ],
    messages: Ok(seen("qwen-code#4177")),
    chat: Ok(seen("DeepSeek-Reasonix#3745")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("end", forms::timeout),
        fault("head", delivery::stall_head),
        fault("first", delivery::stall_first),
        fault("text", delivery::stall_text),
        fault("arguments", delivery::stall_arguments),
        fault("finish", delivery::stall_finish),
        reshape("pause", delivery::pause),
    ],
};

pub(super) const F_11: Class = Class {
    id: "F-11",
    name: "keepalive_masked_stall",
    kind: Kind::Fault,
    group: Group::Transport,
    title: "only keep-alives come",
    wire: "`: ping` every few seconds, and nothing else for ever",
    naive: "resets its idle limit at each and waits for ever",
    right: "two limits: one that any byte resets, one that only an event with a payload resets",
    permits: "an error or an early end, after a limit",
    source: &[
        "https://github.com/aaif-goose/goose/pull/11816",
        "https://github.com/deepseek-ai/deepseek-harness/discussions/6959",
        "https://api-docs.deepseek.com/quick_start/rate_limit",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("goose#11816")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("keep_alives", delivery::keep_alives),
        fault("before_end", delivery::keep_alives_before_end),
        reshape("between", delivery::keep_alives_between),
    ],
};

pub(super) const F_12: Class = Class {
    id: "F-12",
    name: "slow_drip",
    kind: Kind::Reshape,
    group: Group::Transport,
    title: "a byte now and then, without end",
    wire: "one byte per interval, each below the idle limit",
    naive: "never reaches its idle limit",
    right: "a limit for the whole reply, or a least progress",
    permits: "same: as drawn it takes seconds; an error where a byte comes later than any known limit",
    source: &[],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(Backing::LAWFUL),
    elsewhere: &[],
    also: &[],
    forms: &[reshape("drip", delivery::drip)],
};

pub(super) const F_13: Class = Class {
    id: "F-13",
    name: "reset_mid_stream",
    kind: Kind::Fault,
    group: Group::Transport,
    title: "the connection breaks",
    wire: "a reset, or the body closed without its last chunk",
    naive: "takes it for the end; or asks again after it has shown text",
    right: "an error; asks again only where nothing was shown and no tool ran",
    permits: "an error or an early end; same or so_far where the message had ended before",
    source: &[
        "https://github.com/kortix-ai/suna/issues/66",
        "https://github.com/bytedance/deer-flow/issues/1923",
        "https://github.com/google-gemini/gemini-cli/pull/26519",
        "https://github.com/continuedev/continue/pull/8221",
    ],
    messages: Ok(seen("agent-afk#635")),
    chat: Ok(seen("continue#8221")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("reset", forms::reset),
        fault("unterminated", forms::unterminated),
    ],
};

pub(super) const F_14: Class = Class {
    id: "F-14",
    name: "cut_after_complete_payload",
    kind: Kind::Fault,
    group: Group::Transport,
    title: "the connection breaks after the message's end",
    wire: "`message_stop` or `[DONE]`, then a reset",
    naive: "reports an error and throws the reply away, or asks again",
    right: "the reply is whole",
    permits: "same: the protocol's end had come",
    source: &[
        "https://github.com/NousResearch/hermes-agent/issues/73802",
        "https://github.com/openai/openai-node/blob/master/src/core/streaming.ts",
    ],
    messages: Ok(Backing::LAWFUL),
    chat: Ok(seen("hermes-agent#73802")),
    elsewhere: &[],
    also: &[],
    forms: &[
        fault("reset", delivery::reset_behind),
        fault("unterminated", delivery::unterminated_behind),
    ],
};
