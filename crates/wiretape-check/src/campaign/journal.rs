//! What is finished of a campaign, line by line in a file, so that a run that was stopped goes on.
//!
//! The first line says what was planned; each of the others is a finished case. A line is written
//! in one piece behind the others; one that is torn is dropped, and its case is run again.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Campaign, Record};
use crate::client::{Config, Mode};

/// The version of the format.
const VERSION: u32 = 1;
/// The longest line that is read.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

/// A journal that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be read or written.
    Io(PathBuf, io::Error),
    /// It is no journal: the line, counted from 1, and what was expected.
    Line(PathBuf, usize, String),
    /// It is of another campaign: what differs.
    Differs(PathBuf, Vec<String>),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Line(path, line, why) => write!(f, "{}:{line}: {why}", path.display()),
            Self::Differs(path, what) => write!(
                f,
                "{}: it is the journal of another campaign: {}",
                path.display(),
                what.join("; ")
            ),
        }
    }
}

impl std::error::Error for JournalError {}

/// What must be the same for a journal to be continued.
#[derive(Serialize, Deserialize)]
struct Header {
    wiretape_journal: u32,
    plan: BTreeMap<String, Value>,
}

impl Journal {
    /// Opens the journal of a campaign, or begins it; also the cases that are finished.
    ///
    /// # Errors
    /// Where the file cannot be used, or is of another campaign.
    pub fn open(
        path: &Path,
        campaign: &Campaign,
        client: &Config,
        patience: Duration,
    ) -> Result<(Self, Vec<Record>), JournalError> {
        let failed = |error| JournalError::Io(path.into(), error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(failed)?;
        let mut journal = Self {
            path: path.into(),
            file,
        };
        let plan = plan(campaign, client, patience);
        let (records, end) = journal.read(campaign, &plan)?;
        // Also away with the torn line.
        journal.file.set_len(end).map_err(failed)?;
        journal.file.seek(SeekFrom::End(0)).map_err(failed)?;
        if end == 0 {
            journal.line(&Header {
                wiretape_journal: VERSION,
                plan,
            })?;
        }
        Ok((journal, records))
    }

    /// Adds a finished case.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<(), JournalError> {
        self.line(record)
    }

    fn line(&mut self, what: &impl Serialize) -> Result<(), JournalError> {
        let failed = |error| JournalError::Io(self.path.clone(), error);
        let mut line = serde_json::to_vec(what).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(failed)
    }

    /// The finished cases, and where the last whole line ends.
    fn read(
        &mut self,
        campaign: &Campaign,
        plan: &BTreeMap<String, Value>,
    ) -> Result<(Vec<Record>, u64), JournalError> {
        let path = self.path.clone();
        let failed = |error| JournalError::Io(path.clone(), error);
        let mut lines = BufReader::new(&mut self.file);
        let mut records = Vec::new();
        let mut end = 0;
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let mut limited = io::Read::take(&mut lines, LINE_BYTES_MAX);
            let read = limited.read_until(b'\n', &mut line).map_err(failed)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let bad = |why: String| JournalError::Line(path.clone(), number, why);
            if number == 1 {
                let header: Header = serde_json::from_slice(&line)
                    .map_err(|error| bad(format!("expected a journal's first line: {error}")))?;
                let differs = differences(&header, plan);
                if !differs.is_empty() {
                    return Err(JournalError::Differs(path, differs));
                }
            } else {
                let record: Record = serde_json::from_slice(&line)
                    .map_err(|error| bad(format!("expected a finished case: {error}")))?;
                let case = campaign.case(record.case.number);
                if case.as_ref() != Some(&record.case) {
                    let what = format!("case {} is another now", record.case.number);
                    return Err(JournalError::Differs(path, vec![what]));
                }
                records.push(record);
            }
            end += read as u64;
        }
        Ok((records, end))
    }
}

/// All on which the cases and their findings depend.
fn plan(campaign: &Campaign, client: &Config, patience: Duration) -> BTreeMap<String, Value> {
    let plan = campaign.planned();
    let tapes = campaign.tapes().iter();
    let tapes: Vec<Value> = tapes
        .map(|tape| json!({"name": tape.name, "sha256": tape.sha256}))
        .collect();
    let command = client.command.iter();
    let command: Vec<String> = command
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let shard = plan.shard.map(|shard| shard.to_string());
    let patience = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
    [
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("tapes", json!(tapes)),
        ("profile", json!(plan.profile)),
        ("runs", json!(plan.runs)),
        ("seed", json!(plan.seed)),
        ("shard", json!(shard)),
        ("only", json!(plan.only)),
        ("scenario", json!(plan.scenario)),
        ("recorded_pace", json!(plan.recorded_pace)),
        ("client", json!(command)),
        ("worker", json!(client.mode == Mode::Worker)),
        ("patience_ns", json!(patience)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn differences(header: &Header, plan: &BTreeMap<String, Value>) -> Vec<String> {
    let mut differs = Vec::new();
    if header.wiretape_journal != VERSION {
        differs.push(format!(
            "its version is {}, expected {VERSION}",
            header.wiretape_journal
        ));
    }
    let nothing = Value::Null;
    for (name, now) in plan {
        let then = header.plan.get(name).unwrap_or(&nothing);
        if then != now {
            differs.push(format!("its {name} is {then}, expected {now}"));
        }
    }
    differs
}
