//! F-40, F-74: errors in shapes that are not the dialect's own.

use alloc::vec::Vec;

use wiretape_tape::EndKind;

use super::NOT_HERE;
use crate::dialect::{Family, Kind};
use crate::framing::insert;
use crate::json::{self, put};
use crate::parameters::ErrorShape;
use crate::stream::Stream;

const NAME: &[u8] = b"event: error";

/// An error of one block.
fn one(lines: &[&[u8]]) -> Option<Vec<Vec<Vec<u8>>>> {
    Some([lines.iter().map(|line| line.to_vec()).collect()].to_vec())
}

/// As the service sends it: not as in its schema (F-40).
fn of_responses(shape: ErrorShape) -> Option<Vec<Vec<Vec<u8>>>> {
    let nested: [&[u8]; 2] = [
        NAME,
        br#"data: {"type":"error","sequence_number":0,"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded your current quota","param":null}}"#,
    ];
    let failed: [&[u8]; 2] = [
        b"event: response.failed",
        br#"data: {"type":"response.failed","sequence_number":0,"response":{"id":"resp_wiretape","object":"response","status":"failed","error":{"code":"insufficient_quota","message":"You exceeded your current quota"},"output":[],"usage":null}}"#,
    ];
    let block = |lines: [&[u8]; 2]| lines.map(<[u8]>::to_vec).to_vec();
    match shape {
        ErrorShape::Named => one(&nested),
        ErrorShape::Details => Some([block(nested), block(failed)].to_vec()),
        ErrorShape::Object => one(&failed),
        ErrorShape::Unnamed => one(&[nested[1]]),
        ErrorShape::Secret => one(&[
            NAME,
            br#"data: {"type":"error","sequence_number":0,"code":"server_error","message":"upstream https://internal.wiretape.example:8443/v1 refused the key sk-proj-wiretape-0123456789abcdef0123456789abcdef","param":null}"#,
        ]),
        _ => None,
    }
}

/// As the service sends it: JSON over lines, without `data:`.
fn of_gemini(shape: ErrorShape) -> Option<Vec<Vec<Vec<u8>>>> {
    match shape {
        ErrorShape::Field => one(&[
            b"{",
            b"  \"error\": {",
            b"    \"code\": 503,",
            b"    \"message\": \"The model is overloaded. Please try again later.\",",
            b"    \"status\": \"UNAVAILABLE\"",
            b"  }",
            b"}",
        ]),
        ErrorShape::Details => one(&[
            br#"data: {"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}"#,
        ]),
        ErrorShape::Secret => one(&[
            br#"data: {"error":{"code":500,"message":"upstream https://internal.wiretape.example:8443/v1 refused the key AIzaWiretape0123456789abcdef0123456789","status":"INTERNAL"}}"#,
        ]),
        _ => None,
    }
}

/// The lines of an error, in the shape's blocks.
fn lines(family: Family, shape: ErrorShape, like: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    match family {
        Family::Anthropic | Family::OpenAiChat => {}
        Family::OpenAiResponses => return of_responses(shape),
        Family::Gemini => return of_gemini(shape),
        _ => return None,
    }
    let messages = family == Family::Anthropic;
    match shape {
        ErrorShape::Unnamed if messages => one(&[
            br#"data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        ]),
        ErrorShape::Details if messages => one(&[
            NAME,
            br#"data: {"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},"request_id":"req_wiretape"}"#,
        ]),
        ErrorShape::Text if messages => {
            one(&[NAME, br#"data: {"type":"error","error":"Overloaded"}"#])
        }
        ErrorShape::Secret if messages => one(&[
            NAME,
            br#"data: {"type":"error","error":{"type":"api_error","message":"upstream https://internal.wiretape.example:8443/v1 refused the key sk-ant-wiretape-0123456789abcdef0123456789abcdef"}}"#,
        ]),
        ErrorShape::Unnamed | ErrorShape::Details => None,
        _ if messages => None,
        ErrorShape::Named => one(&[
            NAME,
            br#"data: {"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}"#,
        ]),
        ErrorShape::Text => one(&[br#"data: {"error":"Service temporarily unavailable"}"#]),
        ErrorShape::Object => one(&[
            br#"data: {"object":"error","message":"The engine died","type":"InternalServerError","param":null,"code":500}"#,
        ]),
        ErrorShape::InChunk => Some([[in_chunk(like)].to_vec()].to_vec()),
        ErrorShape::Context => one(&[
            br#"data: {"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":9001,"n_ctx":8192}}"#,
        ]),
        ErrorShape::Field => one(&[
            br#"error: {"code":500,"message":"Compute error.","type":"server_error"}"#,
        ]),
        ErrorShape::ThenDone => Some(
            [
                [br#"data: {"error":{"message":"Connection error.","type":"None","param":"None","code":"500"}}"#.to_vec()].to_vec(),
                [b"data: [DONE]".to_vec()].to_vec(),
            ]
            .to_vec(),
        ),
        ErrorShape::Secret => one(&[
            br#"data: {"error":{"message":"upstream https://internal.wiretape.example:8443/v1 refused the key sk-proj-wiretape-0123456789abcdef0123456789abcdef","type":"server_error","param":null,"code":null}}"#,
        ]),
    }
}

/// A chunk like the others, with an error and the reason `error`.
fn in_chunk(like: &[u8]) -> Vec<u8> {
    let choices = br#"[{"index":0,"delta":{"content":""},"finish_reason":"error"}]"#;
    let error = br#"{"code":502,"message":"Provider disconnected","metadata":{"provider_name":"wiretape"}}"#;
    let mut chunk = like.to_vec();
    for (field, value) in [("choices", &choices[..]), ("error", &error[..])] {
        if let Some(root) = json::root(&chunk) {
            chunk = put(&chunk, &root, field, value);
        }
    }
    [b"data: ", chunk.as_slice()].concat()
}

pub(super) fn foreign(
    stream: &mut Stream,
    family: Family,
    before_block: usize,
    shape: ErrorShape,
    then: Option<EndKind>,
) -> Result<Option<EndKind>, &'static str> {
    let place = stream.place(before_block)?;
    let before = stream.blocks.get(..place).unwrap_or(&[]);
    if before.iter().any(|block| block.kind == Kind::Terminal) {
        return Err("the place is after the terminal event");
    }
    let mut payloads = stream.blocks.iter().filter_map(|block| block.payload());
    let like = payloads.find(|payload| json::is_object(payload));
    let like = like.unwrap_or(b"{}").to_vec();
    let blocks = lines(family, shape, &like).ok_or(NOT_HERE)?;
    let count = blocks.len();
    for (number, lines) in blocks.iter().enumerate() {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        insert(stream, place + number, &lines, Kind::Error)?;
    }
    if then.is_some() {
        stream.blocks.truncate(place + count);
    }
    Ok(then)
}
