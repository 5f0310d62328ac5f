//! What a report says of the plan: enough to know that two are parts of one.

use serde::{Deserialize, Serialize};
use wiretape_tape::Tape;
use wiretape_vary::Profile;

/// A campaign's plan: all that decides which cases there are, and what a client may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The version of wiretape.
    pub wiretape: String,
    /// The client: the command and its arguments.
    pub client: Vec<String>,
    /// How it is run: `process`, `worker`.
    pub mode: String,
    /// Which classes are tried.
    pub profile: Profile,
    /// Cases for each tape.
    pub runs: u64,
    /// Where chance starts.
    pub seed: u64,
    /// How long a client may do nothing after the last byte.
    pub patience_ns: u64,
    /// Cases of the whole campaign.
    pub cases: u64,
    /// The tapes, in order.
    pub tapes: Vec<TapeFacts>,
}

/// A tape, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapeFacts {
    /// Its name.
    pub name: String,
    /// Its dialect's name; empty where it says none.
    pub dialect: String,
    /// How many exchanges it has.
    pub exchanges: usize,
    /// Bytes of all response bodies.
    pub bytes: u64,
    /// SHA-256 of the tape as text, in lower-case hex.
    pub sha256: String,
}

impl TapeFacts {
    /// The facts of a tape.
    #[must_use]
    pub fn of(name: &str, tape: &Tape) -> Self {
        let chunks = tape.exchanges.iter().flat_map(|exchange| &exchange.chunks);
        Self {
            name: name.into(),
            dialect: tape.header.dialect.clone().unwrap_or_default(),
            exchanges: tape.exchanges.len(),
            bytes: chunks.map(|chunk| chunk.bytes.len() as u64).sum(),
            sha256: wiretape_tape::sha256_hex(wiretape_tape::encode(tape).as_bytes()),
        }
    }
}

/// A class of the catalogue, as far as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassFacts {
    /// Its id in the catalogue of failures, such as `F-21`.
    pub id: String,
    /// Its name, such as `truncated_by_max_tokens`.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// It must change nothing of what a client does; otherwise it is a fault.
    pub reshape: bool,
    /// What is right, in a line or two.
    pub right: String,
}

/// How sure it is that a stream looks like that, by its name.
pub(super) mod standing {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use wiretape_vary::Standing;

    use crate::report::standing_name;

    const ALL: [Standing; 3] = [Standing::Seen, Standing::Documented, Standing::Lawful];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(in crate::report) fn serialize<S: Serializer>(
        standing: &Option<Standing>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match standing {
            Some(standing) => serializer.serialize_str(standing_name(*standing)),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::report) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Standing>, D::Error> {
        let Some(name) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let found = ALL.into_iter().find(|one| standing_name(*one) == name);
        let expected = || D::Error::custom("expected seen, documented or lawful");
        found.map(Some).ok_or_else(expected)
    }
}
