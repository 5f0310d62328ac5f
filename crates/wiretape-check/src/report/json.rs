//! A report as JSON, and back.

use std::fmt;

use super::{Report, VERSION};

/// Shards that a campaign can be divided into.
pub(super) const SHARDS_MAX: u32 = 100_000;

/// Why a text is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is not JSON, or lacks something: what, and where.
    Json(String),
    /// It is of another version of the format.
    Version(u64),
    /// Its parts cannot be: which, and why.
    Part(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(why) => write!(f, "expected a report as JSON: {why}"),
            Self::Version(found) => write!(
                f,
                "expected a report of version {VERSION}, found version {found}"
            ),
            Self::Part(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ReadError {}

impl Report {
    /// The report as one line of JSON, with the line's end.
    ///
    /// # Errors
    ///
    /// None is known: everything in a report can be written as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads what [`Report::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// The text is no report, or of another version.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        #[derive(serde::Deserialize)]
        struct Version {
            wiretape_report: u64,
        }
        let json = |error: serde_json::Error| ReadError::Json(error.to_string());
        let version: Version = serde_json::from_str(text).map_err(json)?;
        if version.wiretape_report != u64::from(VERSION) {
            return Err(ReadError::Version(version.wiretape_report));
        }
        let report: Self = serde_json::from_str(text).map_err(json)?;
        report.check_parts()?;
        // Whoever edited it may have changed the order of its lists.
        Ok(super::merge::rebuilt(report))
    }

    fn check_parts(&self) -> Result<(), ReadError> {
        let Some(first) = self.parts.first() else {
            return Err(ReadError::Part("expected at least one part".into()));
        };
        let mut last = 0;
        for part in &self.parts {
            let (shard, of) = (part.shard, part.of);
            let why = if of == 0 || of > SHARDS_MAX || shard == 0 || shard > of {
                format!("part {shard}/{of} cannot be: expected 1/N to N/N, N at most {SHARDS_MAX}")
            } else if of != first.of {
                format!(
                    "part {shard}/{of} does not belong to part {}/{}",
                    first.shard, first.of
                )
            } else if shard <= last {
                format!("part {shard}/{of} is not in its place: expected each part once, in order")
            } else {
                last = shard;
                continue;
            };
            return Err(ReadError::Part(why));
        }
        Ok(())
    }
}
