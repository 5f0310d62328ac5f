//! A chunked request body: bytes in, the body out. Strict: a size is hexadecimal digits, a line
//! ends in CR LF.

use crate::request::Refusal;

/// Bytes of a line with a chunk's size and extensions at most.
const SIZE_LINE_BYTES_MAX: usize = 4096;

/// A decoder in the middle of a body.
#[derive(Debug)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of the line so far, or of all trailers so far.
    line_bytes: usize,
    body_bytes_max: usize,
    trailer_bytes_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a size's digits, at least one if `begun`.
    Size {
        size: u64,
        begun: bool,
    },
    /// Behind them, in extensions.
    Extension(u64),
    /// After the CR of a size's line.
    SizeLf(u64),
    /// So many bytes of data follow.
    Data(u64),
    /// After data.
    DataCr,
    DataLf,
    /// In a trailer's line, which is empty so far or not.
    Trailer {
        empty: bool,
    },
    TrailerLf {
        empty: bool,
    },
    Done,
}

impl Chunked {
    pub(crate) fn new(body_bytes_max: usize, trailer_bytes_max: usize) -> Self {
        let (size, begun) = (0, false);
        Self {
            state: State::Size { size, begun },
            line_bytes: 0,
            body_bytes_max,
            trailer_bytes_max,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes bytes and appends what they hold to `body`; says how many it took. It leaves those
    /// behind the body's end.
    pub(crate) fn decode(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<usize, Refusal> {
        let mut rest = input;
        while self.state != State::Done {
            if let State::Data(left) = self.state {
                let take = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let (data, behind) = rest.split_at_checked(take).unwrap_or((rest, &[]));
                if data.is_empty() {
                    break;
                }
                body.extend_from_slice(data);
                rest = behind;
                let left = left.saturating_sub(data.len() as u64);
                self.state = match left {
                    0 => State::DataCr,
                    left => State::Data(left),
                };
                continue;
            }
            let Some((&byte, behind)) = rest.split_first() else {
                break;
            };
            rest = behind;
            self.state = self.step(byte, body.len())?;
        }
        Ok(input.len() - rest.len())
    }

    fn step(&mut self, byte: u8, body_bytes: usize) -> Result<State, Refusal> {
        self.line_bytes += 1;
        let next = match (self.state, byte) {
            (State::Size { size, .. }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                let size = self.grown(size, digit, body_bytes)?;
                State::Size { size, begun: true }
            }
            (State::Size { size, begun: true } | State::Extension(size), b'\r') => {
                State::SizeLf(size)
            }
            (State::Size { size, begun: true }, b';' | b' ' | b'\t') => State::Extension(size),
            (State::Extension(size), byte) if byte != b'\n' => State::Extension(size),
            (State::SizeLf(0), b'\n') => self.line(State::Trailer { empty: true }),
            (State::SizeLf(size), b'\n') => State::Data(size),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => {
                let (size, begun) = (0, false);
                self.line(State::Size { size, begun })
            }
            (State::Trailer { empty }, b'\r') => State::TrailerLf { empty },
            (State::Trailer { .. }, byte) if byte != b'\n' => State::Trailer { empty: false },
            (State::TrailerLf { empty: true }, b'\n') => State::Done,
            (State::TrailerLf { empty: false }, b'\n') => State::Trailer { empty: true },
            (State::DataCr | State::DataLf, _) => {
                return Err(Refusal::bad("expected CR LF behind a chunk's data"));
            }
            (State::Size { .. }, _) => {
                return Err(Refusal::bad("expected a chunk's size in hexadecimal"));
            }
            _ => return Err(Refusal::bad("expected CR LF at the end of a chunk's line")),
        };
        self.check_line(next)?;
        Ok(next)
    }

    /// The next line begins.
    fn line(&mut self, next: State) -> State {
        self.line_bytes = 0;
        next
    }

    fn grown(&self, size: u64, digit: u32, body_bytes: usize) -> Result<u64, Refusal> {
        let size = size.checked_mul(16).map(|size| size + u64::from(digit));
        let fits = |size: &u64| {
            size.checked_add(body_bytes as u64)
                .is_some_and(|bytes| bytes <= self.body_bytes_max as u64)
        };
        size.filter(fits).ok_or_else(|| {
            let max = self.body_bytes_max;
            Refusal::too_large(format!("expected a body of at most {max} bytes"))
        })
    }

    fn check_line(&self, state: State) -> Result<(), Refusal> {
        match state {
            State::Trailer { .. } | State::TrailerLf { .. } => {
                let max = self.trailer_bytes_max;
                if self.line_bytes <= max {
                    return Ok(());
                }
                let message = format!("expected trailers of at most {max} bytes");
                Err(Refusal::new(
                    431,
                    "request_header_fields_too_large",
                    message,
                ))
            }
            _ if self.line_bytes > SIZE_LINE_BYTES_MAX => Err(Refusal::bad(&format!(
                "expected the line of a chunk's size to have at most {SIZE_LINE_BYTES_MAX} bytes"
            ))),
            _ => Ok(()),
        }
    }
}
