//! Compressed bodies as text, chunk by chunk: what a reader could make of each chunk when it came.
//!
//! The tape keeps the bytes as they came; this is for reading and varying them. A chunk's text is
//! what its bytes, and those before it, decompress to; its moment stays.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use wiretape_tape::{End, EndKind, Exchange, Tape};

/// The longest text that a body may decompress to, in bytes; some are made to have no end.
const TEXT_BYTES_MAX: usize = 256 << 20;

/// Bytes that brotli writes at a time.
const BUFFER_BYTES: usize = 1 << 14;

/// Decompresses every body that is compressed. Gives back what is wrong with those that cannot be:
/// their exchange's number, and why; their chunks are gone.
pub(crate) fn bodies(tape: &mut Tape) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    for (number, exchange) in tape.exchanges.iter_mut().enumerate() {
        if let Err(why) = body(exchange, TEXT_BYTES_MAX) {
            exchange.chunks.clear();
            faults.push((number, why));
        }
    }
    faults
}

/// A body of the tape is compressed.
pub(crate) fn is_needed(tape: &Tape) -> bool {
    tape.exchanges
        .iter()
        .any(|exchange| !encodings(exchange).is_empty())
}

fn body(exchange: &mut Exchange, limit: usize) -> Result<(), String> {
    let encodings = encodings(exchange);
    if encodings.is_empty() {
        return Ok(());
    }
    // Applied in order, so undone from the last.
    for name in encodings.into_iter().rev() {
        let mut decoder = Decoder::new(&name, limit)?;
        let failed = |at: usize, error: &io::Error| {
            format!("chunk {at} does not decompress as {name}: {error}")
        };
        for (at, chunk) in exchange.chunks.iter_mut().enumerate() {
            let text = decoder.decode(&chunk.bytes);
            chunk.bytes = text.map_err(|error| failed(at, &error))?;
        }
        // A body that was cut is cut in its compressed form, too.
        let end = exchange.end.as_ref().map(|end| end.kind);
        if end == Some(EndKind::Complete) && !exchange.chunks.is_empty() {
            let last = exchange.chunks.len();
            decoder.finish().map_err(|error| failed(last, &error))?;
        }
    }
    plain(exchange);
    Ok(())
}

/// Says of the exchange what is so of its text.
fn plain(exchange: &mut Exchange) {
    let compressed = ["content-encoding", "content-length"];
    if let Some(response) = &mut exchange.response {
        let of_text = |name: &str| !compressed.iter().any(|one| name.eq_ignore_ascii_case(one));
        response.headers.retain(|(name, _)| of_text(name));
    }
    if let Some(end) = &mut exchange.end {
        let extra = std::mem::take(&mut end.extra);
        let of_text = End::of(&exchange.chunks, end.after_ns, end.kind);
        *end = End { extra, ..of_text };
    }
}

/// How the body was compressed, in the order in which it was.
fn encodings(exchange: &Exchange) -> Vec<String> {
    let headers = exchange
        .response
        .iter()
        .flat_map(|response| &response.headers);
    let values = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let names = values.flat_map(|(_, value)| value.split(','));
    let names = names.map(|name| name.trim().to_ascii_lowercase());
    names
        .filter(|name| !matches!(name.as_str(), "" | "identity"))
        .collect()
}

enum Decoder {
    Gzip(MultiGzDecoder<Bounded>),
    Deflate(ZlibDecoder<Bounded>),
    Brotli(Box<DecompressorWriter<Bounded>>),
}

impl Decoder {
    fn new(name: &str, limit: usize) -> Result<Self, String> {
        let out = Bounded {
            text: Vec::new(),
            room: limit,
        };
        match name {
            "gzip" | "x-gzip" => Ok(Self::Gzip(MultiGzDecoder::new(out))),
            "deflate" => Ok(Self::Deflate(ZlibDecoder::new(out))),
            "br" => Ok(Self::Brotli(Box::new(DecompressorWriter::new(
                out,
                BUFFER_BYTES,
            )))),
            _ => Err(format!(
                "its body is compressed as {name:?}, expected gzip, deflate or br"
            )),
        }
    }

    fn decode(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                Ok(std::mem::take(&mut decoder.get_mut().text))
            }
            Self::Deflate(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                Ok(std::mem::take(&mut decoder.get_mut().text))
            }
            Self::Brotli(decoder) => {
                decoder.write_all(bytes)?;
                Ok(std::mem::take(&mut decoder.get_mut().text))
            }
        }
    }

    /// The body has ended: is that its end?
    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Deflate(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
        }
    }
}

/// Text, of which no more is taken than there is room for.
struct Bounded {
    text: Vec<u8>,
    room: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len()).ok_or_else(|| {
            io::Error::other(format!("longer than the limit of {TEXT_BYTES_MAX} bytes"))
        })?;
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use wiretape_tape::{Chunk, End, Response};

    use super::*;

    const PIECES: [&str; 3] = ["data: one\n\n", "data: twö\n\n", "data: three\n\n"];

    /// What node's zlib makes of the pieces with `createBrotliCompress`, flushed behind each.
    const BROTLI: [&str; 3] = [
        "CwWAZGF0YTogb25lCgo=",
        "WAAIZGF0YTogdHfDtgoK",
        "YACAX0IhByFEklqAk9gD",
    ];

    fn exchange(encoding: &str, chunks: Vec<Vec<u8>>, kind: EndKind) -> Exchange {
        let chunks: Vec<Chunk> = (7..)
            .zip(chunks)
            .map(|(after_ns, bytes)| Chunk { after_ns, bytes })
            .collect();
        Exchange {
            request: None,
            response: Some(Response {
                after_ns: 0,
                status: 200,
                headers: vec![("Content-Encoding".into(), encoding.into())],
                extra: serde_json::Map::new(),
            }),
            end: Some(End::of(&chunks, 0, kind)),
            chunks,
        }
    }

    fn gzip(pieces: &[&str]) -> Vec<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut out = Vec::new();
        for piece in pieces {
            encoder.write_all(piece.as_bytes()).unwrap();
            encoder.flush().unwrap();
            out.push(std::mem::take(encoder.get_mut()));
        }
        if let Some(last) = out.last_mut() {
            last.extend(encoder.finish().unwrap());
        }
        out
    }

    fn brotli() -> Vec<Vec<u8>> {
        let decode = |piece| {
            base64::engine::general_purpose::STANDARD
                .decode(piece)
                .unwrap()
        };
        BROTLI.map(decode).to_vec()
    }

    fn decoded(mut exchange: Exchange) -> Result<Vec<String>, String> {
        body(&mut exchange, TEXT_BYTES_MAX)?;
        let texts = exchange.chunks.into_iter().enumerate().map(|(at, chunk)| {
            assert_eq!(chunk.after_ns, 7 + at as u64);
            String::from_utf8(chunk.bytes).unwrap()
        });
        Ok(texts.collect())
    }

    #[test]
    fn each_chunk_is_what_it_was() {
        let complete = EndKind::Complete;
        assert_eq!(
            decoded(exchange("gzip", gzip(&PIECES), complete)).unwrap(),
            PIECES
        );
        assert_eq!(decoded(exchange("br", brotli(), complete)).unwrap(), PIECES);
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"all").unwrap();
        let zlib = vec![encoder.finish().unwrap()];
        assert_eq!(
            decoded(exchange("deflate", zlib, complete)).unwrap(),
            ["all"]
        );
        let plain = vec![b"as it is".to_vec()];
        assert_eq!(
            decoded(exchange("identity", plain, complete)).unwrap(),
            ["as it is"]
        );
    }

    #[test]
    fn single_bytes_and_two_codings_decompress_too() {
        let complete = EndKind::Complete;
        for (name, chunks) in [("gzip", gzip(&PIECES)), ("br", brotli())] {
            let bytes = chunks.concat().into_iter().map(|byte| vec![byte]).collect();
            let texts = {
                let mut exchange = exchange(name, bytes, complete);
                body(&mut exchange, TEXT_BYTES_MAX).unwrap();
                exchange.body()
            };
            assert_eq!(texts, PIECES.concat().as_bytes(), "{name}");
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&brotli().concat()).unwrap();
        let both = vec![encoder.finish().unwrap()];
        assert_eq!(
            decoded(exchange("br, gzip", both, complete)).unwrap(),
            [PIECES.concat()]
        );
    }

    #[test]
    fn the_exchange_is_that_of_its_text() {
        let mut coded = exchange("gzip", gzip(&PIECES), EndKind::Complete);
        let head = coded.response.as_mut().unwrap();
        head.headers.push(("Content-Length".into(), "77".into()));
        head.headers.push(("server".into(), "s".into()));
        body(&mut coded, TEXT_BYTES_MAX).unwrap();
        let kept = &coded.response.as_ref().unwrap().headers;
        assert_eq!(*kept, [("server".to_owned(), "s".to_owned())]);
        assert_eq!(
            coded.end,
            Some(End::of(&coded.chunks, 0, EndKind::Complete))
        );
    }

    #[test]
    fn what_was_cut_decompresses_as_far_as_it_goes() {
        for (name, mut chunks) in [("gzip", gzip(&PIECES)), ("br", brotli())] {
            chunks.pop();
            let cut = exchange(name, chunks.clone(), EndKind::Unterminated);
            assert_eq!(decoded(cut).unwrap(), PIECES[..2], "{name}");
            let error = decoded(exchange(name, chunks, EndKind::Complete)).unwrap_err();
            assert!(
                error.starts_with("chunk 2 does not decompress as "),
                "{error}"
            );
        }
    }

    #[test]
    fn what_does_not_decompress_is_an_error() {
        for name in ["gzip", "br", "deflate"] {
            let nonsense = vec![b"data: in truth not compressed at all\n\n".to_vec()];
            let error = decoded(exchange(name, nonsense, EndKind::Complete)).unwrap_err();
            assert!(
                error.contains(&format!("does not decompress as {name}")),
                "{error}"
            );
        }
        let error = decoded(exchange("zstd", vec![vec![0]], EndKind::Complete)).unwrap_err();
        assert_eq!(
            error,
            "its body is compressed as \"zstd\", expected gzip, deflate or br"
        );
    }

    #[test]
    fn a_body_without_end_is_not_followed() {
        let long = "x".repeat(100_000);
        let mut bomb = exchange("gzip", gzip(&[&long]), EndKind::Complete);
        let error = body(&mut bomb, 50_000).unwrap_err();
        assert!(error.contains("longer than the limit"), "{error}");
    }
}
