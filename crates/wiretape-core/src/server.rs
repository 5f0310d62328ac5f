//! Servers that speak Chat Completions in a way of their own, and what reading each of them needs.
//!
//! What all of them need is [`Options::lenient`]. Named here are, for each server, the options that
//! what it was met doing depends on. Over lenient options most of them are on already, and what is
//! left are those where the wire does not tell: whether a new id at a used index is a new call,
//! whether `<think>` is a thought. Over strict ones, the reader stays strict in all but these.

use core::fmt;
use core::str::FromStr;

use crate::Options;
use crate::dialect::NewIdAtUsedIndex;

/// A server, or a library in front of servers, that speaks Chat Completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Server {
    /// Azure `OpenAI` and Azure AI Foundry.
    Azure,
    /// Cerebras Inference.
    Cerebras,
    /// `DeepSeek`.
    DeepSeek,
    /// The Gemini API's `OpenAI` layer.
    GeminiOpenAi,
    /// Models and gateways that draw another id for each chunk of one call, as GLM-4 did.
    Glm,
    /// Groq.
    Groq,
    /// Moonshot's Kimi.
    Kimi,
    /// A `LiteLLM` or `OneAPI` gateway.
    LiteLlm,
    /// The server of llama.cpp, and those built on it.
    LlamaCpp,
    /// LM Studio.
    LmStudio,
    /// Mistral.
    Mistral,
    /// Ollama's `OpenAI` layer.
    OllamaOpenAi,
    /// `OpenRouter`.
    OpenRouter,
    /// Perplexity.
    Perplexity,
    /// Alibaba's Qwen, `DashScope`.
    Qwen,
    /// `SGLang`.
    SgLang,
    /// vLLM.
    Vllm,
    /// xAI's Grok.
    Xai,
    /// Z.ai.
    Zai,
}

/// An option that reading a server needs, and why.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The option.
    pub setting: &'static Setting,
    /// The failure it is about, in the catalogue.
    pub id: &'static str,
    /// What the server sends.
    pub why: &'static str,
    /// Where that was seen, or is documented.
    pub source: &'static str,
}

/// One option and its value.
#[derive(Debug)]
pub struct Setting {
    /// The option's place in [`Options`]: `dialect.cumulative_text`.
    pub option: &'static str,
    /// What it is set to, as it is written: `true`.
    pub value: &'static str,
    set: fn(&mut Options),
}

impl Server {
    /// Every server that has a name here.
    pub const ALL: [Self; 19] = [
        Self::Azure,
        Self::Cerebras,
        Self::DeepSeek,
        Self::GeminiOpenAi,
        Self::Glm,
        Self::Groq,
        Self::Kimi,
        Self::LiteLlm,
        Self::LlamaCpp,
        Self::LmStudio,
        Self::Mistral,
        Self::OllamaOpenAi,
        Self::OpenRouter,
        Self::Perplexity,
        Self::Qwen,
        Self::SgLang,
        Self::Vllm,
        Self::Xai,
        Self::Zai,
    ];

    /// The name used on the command line, also of the faults that it was met sending.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::Cerebras => "cerebras",
            Self::DeepSeek => "deepseek",
            Self::GeminiOpenAi => "gemini-openai-compat",
            Self::Glm => "glm-random-ids",
            Self::Groq => "groq",
            Self::Kimi => "kimi",
            Self::LiteLlm => "litellm",
            Self::LlamaCpp => "llamacpp",
            Self::LmStudio => "lmstudio",
            Self::Mistral => "mistral",
            Self::OllamaOpenAi => "ollama-openai",
            Self::OpenRouter => "openrouter",
            Self::Perplexity => "perplexity",
            Self::Qwen => "qwen",
            Self::SgLang => "sglang",
            Self::Vllm => "vllm",
            Self::Xai => "xai",
            Self::Zai => "zai",
        }
    }

    /// What reading it needs; nothing where the documented protocol is all that it was met sending.
    #[must_use]
    pub fn needs(self) -> &'static [Need] {
        match self {
            Self::Azure | Self::Cerebras | Self::DeepSeek | Self::Kimi | Self::Xai => &[],
            Self::GeminiOpenAi => GEMINI_OPENAI,
            Self::Glm => GLM,
            Self::Groq => GROQ,
            Self::LiteLlm => LITELLM,
            Self::LlamaCpp => LLAMACPP,
            Self::LmStudio => LMSTUDIO,
            Self::Mistral => MISTRAL,
            Self::OllamaOpenAi => OLLAMA_OPENAI,
            Self::OpenRouter => OPENROUTER,
            Self::Perplexity => PERPLEXITY,
            Self::Qwen => QWEN,
            Self::SgLang => SGLANG,
            Self::Vllm => VLLM,
            Self::Zai => ZAI,
        }
    }

    /// The server at this host, as `api.groq.com`, `localhost:11434` or with a scheme in front, whose
    /// request has this path. Of a server that anyone runs, only a port that is its own by default,
    /// on this machine, tells.
    #[must_use]
    pub fn detect(host: &str, path: &str) -> Option<Self> {
        let host = host.split_once("://").map_or(host, |(_, host)| host);
        let host = host.split(['/', '?']).next().unwrap_or_default();
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        if matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
            let known = PORTS.iter().find(|(known, _)| *known == port);
            return known.map(|(_, server)| *server);
        }
        let (_, server) = HOSTS.iter().find(|(known, _)| is_within(name, known))?;
        // Gemini's own dialect is spoken at the same host.
        let speaks = *server != Self::GeminiOpenAi || path.contains("/openai/");
        speaks.then_some(*server)
    }
}

/// The host is this domain, or one within it.
fn is_within(host: &str, domain: &str) -> bool {
    let Some(at) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let Some((before, end)) = host.split_at_checked(at) else {
        return false;
    };
    end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with('.'))
}

/// Domains, and who answers there.
const HOSTS: [(&str, Server); 17] = [
    ("openai.azure.com", Server::Azure),
    ("services.ai.azure.com", Server::Azure),
    ("cognitiveservices.azure.com", Server::Azure),
    ("api.cerebras.ai", Server::Cerebras),
    ("api.deepseek.com", Server::DeepSeek),
    ("generativelanguage.googleapis.com", Server::GeminiOpenAi),
    ("open.bigmodel.cn", Server::Glm),
    ("api.groq.com", Server::Groq),
    ("api.moonshot.ai", Server::Kimi),
    ("api.moonshot.cn", Server::Kimi),
    ("api.mistral.ai", Server::Mistral),
    ("openrouter.ai", Server::OpenRouter),
    ("api.perplexity.ai", Server::Perplexity),
    ("dashscope.aliyuncs.com", Server::Qwen),
    ("dashscope-intl.aliyuncs.com", Server::Qwen),
    ("api.x.ai", Server::Xai),
    ("api.z.ai", Server::Zai),
];

/// Ports on this machine, and whose they are by default.
const PORTS: [(&str, Server); 2] = [("11434", Server::OllamaOpenAi), ("1234", Server::LmStudio)];

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownServer;

impl fmt::Display for UnknownServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such server, expected ")?;
        for (at, server) in Server::ALL.iter().enumerate() {
            let before = match at {
                0 => "",
                _ if at + 1 == Server::ALL.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}{server}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownServer {}

impl FromStr for Server {
    type Err = UnknownServer;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|server| server.name() == name)
            .ok_or(UnknownServer)
    }
}

impl Options {
    /// These options, and what reading this server needs.
    ///
    /// ```
    /// use wiretape_core::{Options, Server};
    ///
    /// let options = Options::lenient().as_sent_by(Server::Groq);
    /// assert!(options.dialect.split_think_tags);
    /// ```
    #[must_use]
    pub fn as_sent_by(mut self, server: Server) -> Self {
        for need in server.needs() {
            (need.setting.set)(&mut self);
        }
        self
    }
}

const CALL_LABELS: Setting = Setting {
    option: "dialect.tolerate_call_labels",
    value: "true",
    set: |options| options.dialect.tolerate_call_labels = true,
};

const OPENS_CALL: Setting = Setting {
    option: "dialect.new_id_at_used_index",
    value: "OpensCall",
    set: |options| options.dialect.new_id_at_used_index = NewIdAtUsedIndex::OpensCall,
};

const SAME_CALL: Setting = Setting {
    option: "dialect.new_id_at_used_index",
    value: "SameCall",
    set: |options| options.dialect.new_id_at_used_index = NewIdAtUsedIndex::SameCall,
};

const OBJECT_ARGUMENTS: Setting = Setting {
    option: "dialect.accept_object_arguments",
    value: "true",
    set: |options| options.dialect.accept_object_arguments = true,
};

const LIFECYCLE: Setting = Setting {
    option: "dialect.tolerate_lifecycle",
    value: "true",
    set: |options| options.dialect.tolerate_lifecycle = true,
};

const UNKNOWN_FIELDS: Setting = Setting {
    option: "sse.surface_unknown",
    value: "true",
    set: |options| options.sse.surface_unknown = true,
};

const ERROR_FIELD: Setting = Setting {
    option: "dialect.read_error_field",
    value: "true",
    set: |options| options.dialect.read_error_field = true,
};

const NULL_ARGUMENTS: Setting = Setting {
    option: "accept_null_arguments",
    value: "true",
    set: |options| options.accept_null_arguments = true,
};

const THINK_TAGS: Setting = Setting {
    option: "dialect.split_think_tags",
    value: "true",
    set: |options| options.dialect.split_think_tags = true,
};

const CUMULATIVE: Setting = Setting {
    option: "dialect.cumulative_text",
    value: "true",
    set: |options| options.dialect.cumulative_text = true,
};

const GEMINI_OPENAI: &[Need] = &[Need {
    setting: &CALL_LABELS,
    id: "F-24",
    why: "calls have no index",
    source: "https://github.com/open-webui/computer/issues/224",
}];

const GLM: &[Need] = &[
    Need {
        setting: &CALL_LABELS,
        id: "F-24",
        why: "each chunk of a call has another id",
        source: "https://github.com/0xPlaygrounds/rig/pull/1510",
    },
    Need {
        setting: &SAME_CALL,
        id: "F-24",
        why: "each chunk of a call has another id",
        source: "https://github.com/0xPlaygrounds/rig/pull/1510",
    },
];

const GROQ: &[Need] = &[
    Need {
        setting: &NULL_ARGUMENTS,
        id: "F-18",
        why: "a call without arguments has the text `null`",
        source: "https://github.com/0xPlaygrounds/rig/pull/2359",
    },
    Need {
        setting: &THINK_TAGS,
        id: "F-51",
        why: "with `reasoning_format: raw`, thoughts are in the text between tags",
        source: "https://console.groq.com/docs/reasoning",
    },
    Need {
        setting: &LIFECYCLE,
        id: "F-35",
        why: "the reply's id changes where the server ran tools itself",
        source: "https://github.com/pydantic/pydantic-ai/tree/main/tests/models/cassettes/test_groq",
    },
];

const LITELLM: &[Need] = &[
    Need {
        setting: &CALL_LABELS,
        id: "F-24",
        why: "every call has index 0 and an id of its own",
        source: "https://github.com/BerriAI/litellm/issues/21331",
    },
    Need {
        setting: &OPENS_CALL,
        id: "F-24",
        why: "every call has index 0 and an id of its own",
        source: "https://github.com/BerriAI/litellm/issues/21331",
    },
    Need {
        setting: &LIFECYCLE,
        id: "F-35",
        why: "each chunk has another id of the reply",
        source: "https://github.com/BerriAI/litellm/issues/1571",
    },
];

const LLAMACPP: &[Need] = &[
    Need {
        setting: &UNKNOWN_FIELDS,
        id: "F-17",
        why: "an error comes in an SSE field named `error`",
        source: "https://github.com/crmne/ruby_llm/blob/main/spec/fixtures/vcr_cassettes/chat_with_extended_thinking_gpustack_qwen3_streams_thinking_content_when_available.yml",
    },
    Need {
        setting: &ERROR_FIELD,
        id: "F-40",
        why: "an error comes in an SSE field named `error`",
        source: "https://github.com/crmne/ruby_llm/blob/main/spec/fixtures/vcr_cassettes/chat_with_extended_thinking_gpustack_qwen3_streams_thinking_content_when_available.yml",
    },
    Need {
        setting: &OBJECT_ARGUMENTS,
        id: "F-19",
        why: "in some versions arguments are an object",
        source: "https://github.com/ggml-org/llama.cpp/issues/20198",
    },
    Need {
        setting: &THINK_TAGS,
        id: "F-51",
        why: "thoughts are in the text between tags, unless they are asked for apart",
        source: "https://github.com/ggml-org/llama.cpp/issues/13867",
    },
];

const LMSTUDIO: &[Need] = &[Need {
    setting: &THINK_TAGS,
    id: "F-51",
    why: "thoughts are in the text between tags, unless a setting puts them apart",
    source: "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1569",
}];

const MISTRAL: &[Need] = &[Need {
    setting: &CALL_LABELS,
    id: "F-24",
    why: "calls have no index",
    source: "https://github.com/vercel/ai/pull/18382",
}];

const OLLAMA_OPENAI: &[Need] = &[Need {
    setting: &CALL_LABELS,
    id: "F-24",
    why: "every call has index 0 and an id of its own",
    source: "https://github.com/ollama/ollama/issues/15457",
}];

const OPENROUTER: &[Need] = &[];

const PERPLEXITY: &[Need] = &[Need {
    setting: &THINK_TAGS,
    id: "F-51",
    why: "thoughts are in the text between tags, and in no other field",
    source: "https://github.com/langchain-ai/langchain/pull/38070",
}];

const QWEN: &[Need] = &[Need {
    setting: &CUMULATIVE,
    id: "F-58",
    why: "on some paths each chunk has all of the text so far",
    source: "https://github.com/QwenLM/qwen-code/pull/3896",
}];

const SGLANG: &[Need] = &[
    Need {
        setting: &CALL_LABELS,
        id: "F-24",
        why: "every call has index 0 and an id of its own",
        source: "https://github.com/InternLM/lmdeploy/issues/3412",
    },
    Need {
        setting: &THINK_TAGS,
        id: "F-51",
        why: "without `--reasoning-parser`, thoughts are in the text between tags",
        source: "https://docs.sglang.io/docs/advanced_features/separate_reasoning",
    },
];

const VLLM: &[Need] = &[
    Need {
        setting: &CALL_LABELS,
        id: "F-24",
        why: "every call has index 0 and an id of its own",
        source: "https://github.com/InternLM/lmdeploy/issues/3412",
    },
    Need {
        setting: &THINK_TAGS,
        id: "F-51",
        why: "without `--reasoning-parser`, thoughts are in the text between tags",
        source: "https://docs.vllm.ai/en/latest/features/reasoning_outputs.html",
    },
];

const ZAI: &[Need] = &[Need {
    setting: &CALL_LABELS,
    id: "F-24",
    why: "an index may be -1",
    source: "https://github.com/social-growth-studio/req_llm/tree/main/test/support/fixtures/zai_coder",
}];
