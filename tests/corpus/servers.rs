//! The streams of each compatible server, read by its options: as a lenient reader reads them, or
//! otherwise for a reason that is said.

use serde_json::Value;
use wiretape_core::{Dialect, Options, Server, Transcript, read};

use super::{body, folder, say};

/// Vendors as the corpus names them, and the server whose ways they have.
const VENDORS: [(&str, Server); 12] = [
    ("azure", Server::Azure),
    ("cerebras", Server::Cerebras),
    ("deepseek", Server::DeepSeek),
    ("gpustack", Server::LlamaCpp),
    ("groq", Server::Groq),
    ("llamacpp", Server::LlamaCpp),
    ("localhost", Server::LlamaCpp),
    ("mistral", Server::Mistral),
    ("ollama", Server::OllamaOpenAi),
    ("openrouter", Server::OpenRouter),
    ("xai", Server::Xai),
    ("zai", Server::Zai),
];

/// Streams that a server's options read otherwise than lenient ones, all for one reason (J10): their
/// text begins with a thought between tags, which lenient options leave in it.
const TAGGED: [&str; 3] = [
    "groq/pydanticai-test-groq-test-groq-model-thinking-part-iter-i0-050244.sse",
    "groq/reqllm-groq-deepseek-r1-distill-llama-70b-reasoning-streaming-96af4c.sse",
    "groq/reqllm-groq-deepseek-r1-distill-llama-70b-31e49e.sse",
];

fn streams() -> Option<Vec<(String, Server, Vec<u8>)>> {
    let folder = folder()?;
    let index = std::fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let rows = index
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let chats = rows.filter(|row| row["record"] == "stream" && row["wire_format"] == "openai-chat");
    let known = chats.filter_map(|row| {
        let (_, server) = VENDORS
            .iter()
            .find(|(vendor, _)| row["vendor"] == *vendor)?;
        let file = row["file"].as_str()?.to_owned();
        let body = body(&folder.join(&file));
        Some((file, *server, body))
    });
    Some(known.collect())
}

fn transcript(options: Options, body: &[u8]) -> Transcript {
    Transcript::of(&read(Dialect::OpenAiChat, options, body))
}

/// The transcript with the thought back in the text, where it was sent.
fn untagged(mut own: Transcript) -> Transcript {
    let thought = std::mem::take(&mut own.reasoning);
    own.text = match own.text.is_empty() {
        // None of the answers is empty: the thought did not end.
        true => format!("<think>{thought}"),
        false => format!("<think>{thought}</think>{}", own.text),
    };
    own
}

#[test]
fn each_servers_streams_read_by_its_options_as_leniently() {
    let Some(streams) = streams() else { return };
    let mut wrong = Vec::new();
    let mut tagged = Vec::new();
    for (file, server, body) in &streams {
        let mut lenient = transcript(Options::lenient(), body);
        let own = transcript(Options::lenient().as_sent_by(*server), body);
        // What is not among a server's needs is not needed to read what it was recorded sending.
        let mut strict = transcript(Options::strict().as_sent_by(*server), body);
        strict.warnings = own.warnings.clone();
        if strict != own {
            wrong.push(format!(
                "{file} as {server} sends it, strict: {:?}",
                strict.error
            ));
        }
        if own.warnings.of("F-51") > 0 {
            tagged.push(file.as_str());
            lenient.warnings = own.warnings.clone();
            assert_eq!(untagged(own), lenient, "{file}");
        } else if own != lenient {
            wrong.push(format!(
                "{file} as {server} sends it: {own:?}\nleniently: {lenient:?}"
            ));
        }
    }
    assert_eq!(tagged, TAGGED);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count = streams.len();
    say(&format!(
        "servers: {count} streams read by their servers' options, {} of them with tags",
        tagged.len()
    ));
}
