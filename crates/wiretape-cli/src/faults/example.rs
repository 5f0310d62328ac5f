//! A case of a class over a small reply: the bytes before and after.

use wiretape_core::Dialect;
use wiretape_tape::{Chunk, End, EndKind, Exchange};
use wiretape_vary::classes::Class;
use wiretape_vary::{Piece, Scenario, Script, Subject};

use super::replies;

/// Bytes of a chunk of the built-in replies.
const CHUNK: usize = 200;

/// What a case is shown over.
pub(super) struct Tape {
    exchange: Exchange,
    dialect: String,
}

/// A case, or why there is none.
pub(super) struct Example {
    pub(super) dialect: String,
    pub(super) case: Result<Case, &'static str>,
}

/// A case.
pub(super) struct Case {
    pub(super) before: Script,
    pub(super) after: Script,
    pub(super) pieces: Vec<Piece>,
}

impl Tape {
    pub(super) fn built_in(dialect: Dialect) -> Self {
        let chunks: Vec<Chunk> = replies::body(dialect)
            .chunks(CHUNK)
            .map(|bytes| Chunk {
                after_ns: 20_000_000,
                bytes: bytes.to_vec(),
            })
            .collect();
        let end = Some(End::of(&chunks, 0, EndKind::Complete));
        let exchange = Exchange {
            chunks,
            end,
            ..Exchange::default()
        };
        Self::of(exchange, dialect.name())
    }

    pub(super) fn of(exchange: Exchange, dialect: &str) -> Self {
        let dialect = dialect.into();
        Self { exchange, dialect }
    }

    /// A case of a form; without one, of the seed; without a seed, of the first form that fits.
    pub(super) fn example(&self, class: &Class, seed: Option<u64>, form: Option<&str>) -> Example {
        let subject = Subject::new(&self.exchange, Some(&self.dialect));
        let of = |form: &str| class.draw_form(seed.unwrap_or_default(), form, &subject);
        let drawn = class
            .backing(&self.dialect)
            .and_then(|_| match (form, seed) {
                (Some(form), _) => of(form),
                (None, Some(seed)) => class.draw(seed, &subject),
                (None, None) => {
                    let mut why = "the catalogue has no piece for it";
                    let mut drawn = class.forms().map(|(form, _)| of(form));
                    let first = drawn.find_map(|drawn| drawn.map_err(|not| why = not).ok());
                    first.ok_or(why)
                }
            });
        let case = drawn.map(|pieces| Case {
            before: Scenario::plain().apply(&subject),
            after: Scenario::of(pieces.clone()).apply(&subject),
            pieces,
        });
        Example {
            dialect: self.dialect.clone(),
            case,
        }
    }
}
