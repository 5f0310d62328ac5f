//! What one provider or server does, as a bundle of forms of classes.

use alloc::vec::Vec;

use wiretape_core::Dialect;

use super::{Class, all};
use crate::rng::{Ratio, Rng};
use crate::scenario::{Piece, Profile, Scenario};
use crate::subject::Subject;

/// A provider or server: what it was met doing.
#[derive(Debug)]
#[non_exhaustive]
pub struct Preset {
    /// Its name: `groq`.
    pub name: &'static str,
    /// The dialect in which it is spoken.
    pub dialect: Dialect,
    /// What it does, in a few words.
    pub about: &'static str,
    /// The forms that were met there: a class's id and the form's name. Without a name: every form.
    pub forms: &'static [(&'static str, &'static str)],
    /// Where it was met.
    pub source: &'static [&'static str],
}

impl Preset {
    /// The class is one of the preset's.
    #[must_use]
    pub fn has(&self, class: &Class) -> bool {
        self.forms.iter().any(|(id, _)| *id == class.id)
    }

    /// Its classes, in the catalogue's order.
    pub fn classes(&self) -> impl Iterator<Item = &'static Class> {
        all().iter().filter(|class| self.has(class))
    }

    /// Whether a case of a class can be drawn with this form.
    pub(super) fn takes(&self, class: &Class, form: &str) -> bool {
        let mut forms = self.forms.iter();
        forms.any(|(id, name)| *id == class.id && (name.is_empty() || *name == form))
    }
}

impl Scenario {
    /// What a provider does, to this reply: a case of one of the preset's classes, and what keeps the
    /// meaning of about half of the others.
    ///
    /// # Errors
    /// Why the preset cannot be played over this exchange.
    pub fn of_preset(seed: u64, preset: &Preset, subject: &Subject) -> Result<Self, &'static str> {
        if subject.family.is_none() || subject.dialect != Some(preset.dialect) {
            return Err("the tape is of another dialect");
        }
        let mut cases = Vec::new();
        for class in preset.classes() {
            let case = super::draw::one(class, seed, Profile::All, subject, Some(preset));
            cases.extend(case.ok());
        }
        let mut rng = Rng::new(seed, preset.name);
        let first = rng.size(0, cases.len().saturating_sub(1));
        if cases.is_empty() {
            return Err("the reply has nothing that the provider would send otherwise");
        }
        let mut scenario = Self::of(cases.swap_remove(first));
        scenario.seed = seed;
        scenario.profile = Profile::Quirks;
        // A cut's place is an offset in the bytes: what lengthens them would move it.
        let cut = |piece: &Piece| matches!(piece, Piece::Cut { .. });
        if scenario.pieces.iter().any(cut) {
            return Ok(scenario);
        }
        let own = scenario.pieces.len();
        for case in cases {
            if case.iter().all(Piece::is_reshape) && rng.chance(Ratio { n: 1, of: 2 }) {
                scenario.pieces.extend(case);
            }
        }
        super::swarm::keep_own(&mut scenario, own, subject);
        Ok(scenario)
    }
}

/// Every preset, in the catalogue's order.
#[must_use]
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// The preset of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

static PRESETS: [Preset; 30] = [
    Preset {
        name: "anthropic",
        dialect: Dialect::Anthropic,
        about: "pings, padding, empty first arguments, errors after a 200, refusals",
        forms: &[
            ("F-16", "ping"),
            ("F-02", ""),
            ("F-50", "padding"),
            ("F-18", "absent"),
            ("F-21", "open"),
            ("F-40", "event"),
            ("F-40", "details"),
            ("F-53", ""),
        ],
        source: &[
            "https://platform.claude.com/docs/en/build-with-claude/streaming",
            "https://github.com/anthropics/anthropic-sdk-python/tree/main/tests/lib/streaming/fixtures",
        ],
    },
    Preset {
        name: "anthropic-openrouter",
        dialect: Dialect::Anthropic,
        about: "comments while it waits, the count of tokens at the end",
        forms: &[("F-15", "comment"), ("F-34", "")],
        source: &["https://github.com/0xPlaygrounds/rig/pull/2279"],
    },
    Preset {
        name: "openai-chat",
        dialect: Dialect::OpenAiChat,
        about: "padding, a last chunk with the count of tokens, refusals, filters",
        forms: &[
            ("F-50", "padding"),
            ("F-34", "tail"),
            ("F-53", ""),
            ("F-40", "event"),
            ("F-22", "split"),
        ],
        source: &["https://platform.openai.com/docs/api-reference/chat-streaming"],
    },
    Preset {
        name: "azure",
        dialect: Dialect::OpenAiChat,
        about: "chunks of the content filter, empty ids and models, no type of calls",
        forms: &[
            ("F-50", "filter_first"),
            ("F-50", "no_delta"),
            ("F-50", "empty_ids"),
            ("F-25", "name_no_type"),
            ("F-25", "name_null_type"),
            ("F-53", "reason"),
        ],
        source: &[
            "https://github.com/openai/openai-node/issues/1982",
            "https://github.com/crmne/ruby_llm/issues/830",
            "https://github.com/vercel/ai/issues/12901",
        ],
    },
    Preset {
        name: "openai-responses",
        dialect: Dialect::OpenAiResponses,
        about: "items that are added, filled and done",
        forms: &[
            ("F-50", "padding"),
            ("F-40", "event"),
            ("F-40", "named"),
            ("F-40", "details"),
            ("F-53", "reason"),
            ("F-56", ""),
        ],
        source: &["https://platform.openai.com/docs/api-reference/responses-streaming"],
    },
    Preset {
        name: "responses-copilot",
        dialect: Dialect::OpenAiResponses,
        about: "another item id in every event",
        forms: &[("F-55", "other_ids")],
        source: &["https://github.com/vercel/ai/commit/73d48d0"],
    },
    Preset {
        name: "responses-openrouter",
        dialect: Dialect::OpenAiResponses,
        about: "items that are done out of order",
        forms: &[("F-55", "done_out_of_order"), ("F-15", "comment")],
        source: &["https://github.com/badlogic/pi-mono/issues/6009"],
    },
    Preset {
        name: "gemini-sse-crlf",
        dialect: Dialect::Gemini,
        about: "whole calls without ids, lines that end in CR LF",
        forms: &[
            ("F-54", "no_ids"),
            ("F-54", "no_parts"),
            ("F-54", "empty_parts"),
            ("F-54", "no_content"),
            ("F-54", "calls_apart"),
            ("F-54", "calls_together"),
            ("F-54", "usage_alone"),
            ("F-54", "reason_alone"),
            ("F-40", "field"),
            ("F-40", "details"),
            ("F-06", ""),
        ],
        source: &["https://ai.google.dev/api/generate-content"],
    },
    Preset {
        name: "gemini-openai-compat",
        dialect: Dialect::OpenAiChat,
        about: "`stop` beside calls, no index, a reason on every chunk",
        forms: &[
            ("F-28", ""),
            ("F-24", "missing"),
            ("F-32", "reason_everywhere"),
        ],
        source: &["https://github.com/googleapis/python-genai/issues/2868"],
    },
    Preset {
        name: "vertex-partial-args",
        dialect: Dialect::Gemini,
        about: "arguments by path, part by part",
        forms: &[("F-54", "partial_arguments"), ("F-54", "no_terminator")],
        source: &["https://github.com/vercel/ai/pull/16040"],
    },
    Preset {
        name: "mistral",
        dialect: Dialect::OpenAiChat,
        about: "no index and no type, a call beside the reason, content as an array",
        forms: &[
            ("F-24", "missing"),
            ("F-25", "name_no_type"),
            ("F-25", "name_empty_after"),
            ("F-26", "call_in_finish"),
            ("F-51", "parts"),
        ],
        source: &[
            "https://docs.mistral.ai/capabilities/reasoning/",
            "https://github.com/vercel/ai/pull/18382",
        ],
    },
    Preset {
        name: "groq",
        dialect: Dialect::OpenAiChat,
        about: "`\"{}\"` or `\"null\"` for no arguments, an event name on errors, large chunks",
        forms: &[
            ("F-18", "whole"),
            ("F-18", "null_text"),
            ("F-40", "named"),
            ("F-02", ""),
        ],
        source: &[
            "https://github.com/0xPlaygrounds/rig/pull/2359",
            "https://github.com/sashabaranov/go-openai/pull/1057",
        ],
    },
    Preset {
        name: "deepseek",
        dialect: Dialect::OpenAiChat,
        about: "reasoning in a field of its own, `: keep-alive`, calls cut by the limit",
        forms: &[
            ("F-51", "inserted"),
            ("F-15", "comment"),
            ("F-21", "open"),
            ("F-26", "text_with_call"),
        ],
        source: &[
            "https://api-docs.deepseek.com/guides/reasoning_model",
            "https://api-docs.deepseek.com/quick_start/rate_limit",
            "https://github.com/0xPlaygrounds/rig/pull/862",
        ],
    },
    Preset {
        name: "qwen",
        dialect: Dialect::OpenAiChat,
        about: "the id is `\"\"` after the first delta, a chunk of no choices at the end",
        forms: &[
            ("F-25", "id_empty_after"),
            ("F-34", "tail"),
            ("F-51", "inserted"),
        ],
        source: &["https://github.com/vercel/ai/issues/19091"],
    },
    Preset {
        name: "kimi",
        dialect: Dialect::OpenAiChat,
        about: "text, reason and count of tokens in one chunk",
        forms: &[
            ("F-26", "text_in_finish"),
            ("F-34", "everywhere"),
            ("F-51", "inserted"),
        ],
        source: &["https://github.com/jeremychone/rust-genai/issues/164"],
    },
    Preset {
        name: "xai",
        dialect: Dialect::OpenAiChat,
        about: "errors that are a string, the whole text once more",
        forms: &[
            ("F-40", "text"),
            ("F-58", "whole_at_end"),
            ("F-34", "tail"),
            ("F-17b", ""),
        ],
        source: &[
            "https://github.com/crmne/ruby_llm/issues/837",
            "https://github.com/vercel/ai/issues/11658",
        ],
    },
    Preset {
        name: "perplexity",
        dialect: Dialect::OpenAiChat,
        about: "all text so far in each chunk, the count of tokens on each, no role, no `[DONE]`, CR LF",
        forms: &[
            ("F-58", "cumulative"),
            ("F-34", "everywhere"),
            ("F-50", "no_role"),
            ("F-32", "no_terminal"),
            ("F-06", ""),
        ],
        source: &[
            "https://docs.perplexity.ai/guides/streaming-responses",
            "https://github.com/vercel/ai/issues/16532",
        ],
    },
    Preset {
        name: "ollama-ndjson",
        dialect: Dialect::Ollama,
        about: "arguments as an object, `done: true`",
        forms: &[("F-28", ""), ("F-40", "event"), ("F-30", "")],
        source: &["https://github.com/ollama/ollama/issues/12413"],
    },
    Preset {
        name: "ollama-openai",
        dialect: Dialect::OpenAiChat,
        about: "all calls have index 0, `stop` beside calls, no reason, `reasoning`",
        forms: &[
            ("F-24", "zero"),
            ("F-28", ""),
            ("F-32", "no_reason"),
            ("F-51", "renamed"),
        ],
        source: &[
            "https://github.com/ollama/ollama/issues/15457",
            "https://github.com/ollama/ollama/issues/7963",
            "https://github.com/pydantic/pydantic-ai/issues/3045",
        ],
    },
    Preset {
        name: "vllm",
        dialect: Dialect::OpenAiChat,
        about: "`tool_calls` although the arguments were cut, no ids, errors without a key",
        forms: &[
            ("F-21", "hidden"),
            ("F-25", "id_absent"),
            ("F-25", "id_empty_after"),
            ("F-40", "object"),
        ],
        source: &[
            "https://github.com/vllm-project/vllm/issues/53269",
            "https://github.com/vllm-project/vllm/issues/18412",
            "https://github.com/block/goose/pull/8031",
        ],
    },
    Preset {
        name: "sglang",
        dialect: Dialect::OpenAiChat,
        about: "all calls have index 0, and one id",
        forms: &[("F-24", "zero"), ("F-25", "id_same")],
        source: &["https://github.com/InternLM/lmdeploy/issues/3412"],
    },
    Preset {
        name: "litellm",
        dialect: Dialect::OpenAiChat,
        about: "role and id in every delta, indices that count from 1, an error and then `[DONE]`",
        forms: &[
            ("F-50", "role_everywhere"),
            ("F-25", "id_every"),
            ("F-24", "from_one"),
            ("F-24", "zero"),
            ("F-40", "then_done"),
            ("F-30", ""),
        ],
        source: &[
            "https://github.com/BerriAI/litellm/issues/11407",
            "https://github.com/BerriAI/litellm/issues/11580",
            "https://github.com/BerriAI/litellm/pull/32159",
        ],
    },
    Preset {
        name: "glm-random-ids",
        dialect: Dialect::OpenAiChat,
        about: "another id in every chunk of one call, `{}` before the arguments",
        forms: &[("F-25", "id_other"), ("F-22", "placeholder")],
        source: &[
            "https://github.com/0xPlaygrounds/rig/pull/1510",
            "https://github.com/charmbracelet/fantasy/commit/5ff5101",
        ],
    },
    Preset {
        name: "llamacpp",
        dialect: Dialect::OpenAiChat,
        about: "a bare colon for a ping, null arguments, halved characters, errors with the window's length",
        forms: &[
            ("F-15", "bare_comment"),
            ("F-18", "null"),
            ("F-04", ""),
            ("F-40", "context"),
            ("F-40", "field"),
        ],
        source: &[
            "https://github.com/coder/coder/issues/28185",
            "https://github.com/ggml-org/llama.cpp/pull/28926",
        ],
    },
    Preset {
        name: "lmstudio",
        dialect: Dialect::OpenAiChat,
        about: "the stream stops without a reason where the window is full",
        forms: &[("F-30", ""), ("F-32", "no_finish")],
        source: &["https://github.com/vaadin/flow-components/pull/9195"],
    },
    Preset {
        name: "bedrock-converse",
        dialect: Dialect::BedrockConverse,
        about: "blocks without a start, counts behind the end, exceptions as frames",
        forms: &[("F-45", ""), ("F-36", "")],
        source: &["https://github.com/vercel/ai/issues/19034"],
    },
    Preset {
        name: "bedrock-invoke",
        dialect: Dialect::BedrockInvoke,
        about: "Messages events in binary frames",
        forms: &[("F-45", "")],
        source: &["https://github.com/anthropics/anthropic-sdk-java/issues/391"],
    },
    Preset {
        name: "openrouter",
        dialect: Dialect::OpenAiChat,
        about: "comments while it waits, chunks behind the reason, a reason twice, an error beside choices",
        forms: &[
            ("F-15", "comment"),
            ("F-32", "reason_twice"),
            ("F-34", "tail"),
            ("F-40", "in_chunk"),
            ("F-51", "renamed"),
        ],
        source: &[
            "https://openrouter.ai/docs/api/reference/streaming",
            "https://github.com/0xPlaygrounds/rig/tree/main/tests/cassettes/openrouter",
        ],
    },
    Preset {
        name: "zai",
        dialect: Dialect::OpenAiChat,
        about: "reasoning in a field of its own, a call with the index -1",
        forms: &[("F-24", "negative"), ("F-51", "inserted")],
        source: &[
            "https://docs.z.ai/api-reference/llm/chat-completion",
            "https://github.com/social-growth-studio/req_llm/tree/main/test/support/fixtures/zai_coder",
        ],
    },
    Preset {
        name: "cerebras",
        dialect: Dialect::OpenAiChat,
        about: "several events in a chunk, reasoning in `reasoning`, no `[DONE]`",
        forms: &[
            ("F-02", "merge"),
            ("F-32", "no_terminal"),
            ("F-51", "renamed"),
        ],
        source: &[
            "https://inference-docs.cerebras.ai/capabilities/reasoning",
            "https://github.com/social-growth-studio/req_llm/tree/main/test/support/fixtures/cerebras",
        ],
    },
];
