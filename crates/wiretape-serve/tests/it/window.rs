//! A context window: what is larger is refused in the dialect's own words, and uses nothing up.

use serde_json::{Value, json};
use wiretape_core::budget::TokenCounter;
use wiretape_serve::{ContextWindow, Mount, Report};
use wiretape_tape::{EndKind, Tape};

use crate::client::Client;
use crate::support::{Running, asks, stream, tape};

/// A token a word: what a request costs can be counted by hand.
#[derive(Clone)]
struct Words;

impl TokenCounter for Words {
    fn count(&mut self, text: &str) -> u64 {
        text.split_whitespace().count() as u64
    }
}

/// One message costs 4 and the reply's start 3 beside its words.
const BESIDE: u64 = 7;

fn windowed(dialect: &str, path: &str, window: u64) -> Running {
    let mut exchange = stream(&asks("x"), &["data: said\n\n"], EndKind::Complete);
    exchange.request.as_mut().unwrap().path = path.to_owned();
    let tape = Tape {
        header: wiretape_tape::Header {
            dialect: Some(dialect.to_owned()),
            ..tape(Vec::new()).header
        },
        ..tape(vec![exchange])
    };
    Running::with(Mount::new(&tape).context_window(ContextWindow::new(window, Words)))
}

fn body(words: usize, max_tokens: u64) -> String {
    json!({
        "stream": true, "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": "word ".repeat(words)}],
    })
    .to_string()
}

/// Asks with so many words and so much room; the answer must be this error, and nothing used up.
fn refused(dialect: &str, path: &str, ask: (usize, u64), expect: &Value) {
    let running = windowed(dialect, path, 100);
    let mut client = Client::connect(running.addr());
    let (words, max_tokens) = ask;
    let answer = client.post(path, &body(words, max_tokens));
    assert_eq!(answer.status(), 400, "{}", answer.head);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(&answer.json(), expect);

    let state = running.server().state("").unwrap();
    assert_eq!((state.too_large, state.consumed, state.misses), (1, 0, 0));
    let message = &expect["error"]["message"];
    let report = running.wait_for(|report| matches!(report, Report::TooLarge { .. }));
    assert_eq!(
        report.to_string(),
        format!(
            "request 0: {path}: refused with 400: {}",
            message.as_str().unwrap()
        )
    );
    assert_eq!(running.server().requests("")[0].exchange, None);

    // One that fits gets the exchange, on the same connection.
    let answer = client.post(path, &body(10, 50));
    assert_eq!(
        (answer.status(), answer.body()),
        (200, b"data: said\n\n".to_vec())
    );
    assert_eq!(running.server().state("").unwrap().consumed, 1);
}

#[test]
fn a_prompt_larger_than_the_window_is_refused_as_by_anthropic() {
    let tokens = 200 + BESIDE;
    refused(
        "anthropic",
        "/v1/messages",
        (200, 1),
        &json!({"type": "error", "error": {
            "type": "invalid_request_error",
            "message": format!("prompt is too long: {tokens} tokens > 100 maximum"),
        }}),
    );
}

#[test]
fn a_prompt_that_leaves_no_room_for_the_reply_is_refused_as_by_anthropic() {
    let tokens = 60 + BESIDE;
    refused(
        "anthropic",
        "/v1/messages",
        (60, 50),
        &json!({"type": "error", "error": {
            "type": "invalid_request_error",
            "message": format!("input length and `max_tokens` exceed context limit: {tokens} + 50 \
                > 100, decrease input length or `max_tokens` and try again"),
        }}),
    );
}

#[test]
fn messages_larger_than_the_window_are_refused_as_by_openai() {
    let tokens = 200 + BESIDE;
    refused(
        "openai-chat",
        "/v1/chat/completions",
        (200, 1),
        &json!({"error": {
            "message": format!("This model's maximum context length is 100 tokens. However, your \
                messages resulted in {tokens} tokens. Please reduce the length of the messages."),
            "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded",
        }}),
    );
}

#[test]
fn messages_that_leave_no_room_for_the_reply_are_refused_as_by_openai() {
    let (tokens, all) = (60 + BESIDE, 110 + BESIDE);
    refused(
        "openai-chat",
        "/v1/chat/completions",
        (60, 50),
        &json!({"error": {
            "message": format!("This model's maximum context length is 100 tokens. However, you \
                requested {all} tokens ({tokens} in the messages, 50 in the completion). Please \
                reduce the length of the messages or completion."),
            "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded",
        }}),
    );
}

#[test]
fn exactly_the_window_fits_and_what_is_no_request_is_not_measured() {
    let running = windowed("anthropic", "/v1/messages", 100);
    let mut client = Client::connect(running.addr());
    let fits = body(40, 60 - BESIDE);
    assert_eq!(client.post("/v1/messages", &fits).status(), 200);
    let long = "word ".repeat(200);
    let counts = json!({"messages": [{"role": "user", "content": long}]}).to_string();
    // Counting is no reply; a body that is no request of the dialect misses like any other.
    assert_eq!(
        client.post("/v1/messages/count_tokens", &counts).status(),
        404
    );
    assert_eq!(client.post("/v1/messages", &asks(&long)).status(), 404);
    assert_eq!(running.server().state("").unwrap().too_large, 0);
}

/// So many words, and so much room, in the dialect's own request.
fn request(dialect: &str, words: usize, room: u64) -> String {
    let text = "word ".repeat(words);
    let say = json!([{"role": "user", "content": text}]);
    let blocks = json!([{ "text": text }]);
    let body = match dialect {
        "openai-responses" => json!({"stream": true, "max_output_tokens": room, "input": text}),
        "gemini" => json!({"generationConfig": {"maxOutputTokens": room},
            "contents": [{"role": "user", "parts": blocks}]}),
        "bedrock-converse" => json!({"inferenceConfig": {"maxTokens": room},
            "messages": [{"role": "user", "content": blocks}]}),
        "bedrock-invoke" => json!({"anthropic_version": "bedrock-2023-05-31",
            "max_tokens": room, "messages": say}),
        "ollama" => json!({"stream": true, "options": {"num_predict": room}, "messages": say}),
        _ => json!({"stream": true, "max_tokens": room, "messages": say}),
    };
    body.to_string()
}

/// Status, shape and words of each other dialect, and the header by which Bedrock's SDKs tell errors.
#[test]
fn every_dialect_refuses_in_its_own_shape() {
    let google = "/v1beta/models/m:streamGenerateContent?alt=sse";
    let aws = json!("ValidationException");
    for (dialect, path, message, shape) in [
        (
            "openai-responses",
            "/v1/responses",
            "Your input exceeds the context window of this model. Please adjust your input and try \
             again.",
            json!({"error": {"message": "M", "type": "invalid_request_error", "param": "input",
                "code": "context_length_exceeded"}}),
        ),
        (
            "gemini",
            google,
            "The input token count (207) exceeds the maximum number of tokens allowed (100).",
            json!({"error": {"code": 400, "message": "M", "status": "INVALID_ARGUMENT"}}),
        ),
        (
            "bedrock-converse",
            "/model/m/converse-stream",
            "The model returned the following errors: prompt is too long: 207 tokens > 100 maximum",
            json!({"message": "M"}),
        ),
        (
            "bedrock-invoke",
            "/model/m/invoke-with-response-stream",
            "prompt is too long: 207 tokens > 100 maximum",
            json!({"message": "M"}),
        ),
        (
            "ollama",
            "/api/chat",
            "the input length exceeds the context length: 208 tokens, expected at most 100",
            json!({"error": "M"}),
        ),
        (
            "cohere",
            "/v2/chat",
            "too many tokens: total number of tokens (prompt and prediction) cannot exceed 100 - \
             received 208. Try using a shorter prompt or a smaller max_tokens value.",
            json!({"message": "M"}),
        ),
    ] {
        let running = windowed(dialect, path, 100);
        let mut client = Client::connect(running.addr());
        let answer = client.post(path, &request(dialect, 200, 1));
        assert_eq!(answer.status(), 400, "{dialect}: {}", answer.head);
        let expect = shape
            .to_string()
            .replace("\"M\"", &json!(message).to_string());
        let expect: Value = serde_json::from_str(&expect).unwrap();
        assert_eq!(answer.json(), expect, "{dialect}");
        let header = answer.header("x-amzn-errortype").map(|text| json!(text));
        assert_eq!(header, dialect.starts_with("bedrock").then(|| aws.clone()));
        // Too little room for the reply alone is refused as well, and what fits is answered.
        assert_eq!(client.post(path, &request(dialect, 60, 50)).status(), 400);
        assert_eq!(client.post(path, &request(dialect, 40, 53)).status(), 200);
    }
}
