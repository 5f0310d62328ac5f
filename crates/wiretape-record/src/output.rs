//! Where a tape is written to: a new file, the end of one, or what a test wants.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use wiretape_tape::{Parsed, SourceKind, Tape, parse};

use crate::{header, lock};

/// The longest tape that is appended to, in bytes; it is read whole first: 1 GiB.
pub const APPEND_BYTES_MAX: u64 = 1 << 30;

/// A place for a tape's lines.
pub trait Sink: Send {
    /// Writes behind what was written before.
    ///
    /// # Errors
    /// When not all of it could be written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes over the first bytes, which are as many.
    ///
    /// # Errors
    /// When not all of it could be written.
    fn overwrite(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Takes away what stands behind the first `bytes` bytes.
    ///
    /// # Errors
    /// When it could not be taken away.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// Waits until what was written survives a loss of power.
    ///
    /// # Errors
    /// When it might not.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn overwrite(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(0))?;
        let written = self.write_all(bytes);
        self.seek(SeekFrom::End(0))?;
        written
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)?;
        self.seek(SeekFrom::End(0)).map(drop)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A tape's file, which no other recorder writes to as long as this lives.
struct Own {
    file: File,
    _lock: lock::Lock,
}

impl Own {
    /// `Ok(None)`: another recorder writes to it.
    fn take(file: File) -> io::Result<Option<Self>> {
        let lock = lock::lock(&file)?;
        Ok(lock.map(|_lock| Self { file, _lock }))
    }
}

impl Sink for Own {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        Sink::append(&mut self.file, bytes)
    }

    fn overwrite(&mut self, bytes: &[u8]) -> io::Result<()> {
        Sink::overwrite(&mut self.file, bytes)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        Sink::truncate(&mut self.file, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Sink::sync(&mut self.file)
    }
}

/// Where a tape goes, open and checked.
pub struct Output {
    pub(crate) sink: Box<dyn Sink>,
    /// What it holds; `None` where it is new.
    pub(crate) before: Option<Before>,
}

/// A tape that is appended to.
pub(crate) struct Before {
    pub(crate) tape: Tape,
    /// Bytes of the header line, without its line feed.
    pub(crate) header_bytes: usize,
    pub(crate) bytes: u64,
}

impl Output {
    /// A new file, for its owner's eyes alone (mode 0600).
    ///
    /// # Errors
    /// When there is one of this name, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        let file = private()
            .create_new(true)
            .open(path)
            .map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => OutputError::Exists(path.into()),
                _ => OutputError::Io(path.into(), error),
            })?;
        Ok(Self::sink(Box::new(own(path, file)?)))
    }

    /// The end of a recorded tape, or a new file where there is none.
    ///
    /// A torn last line is kept, as the text of a line `{"torn":"…"}`.
    ///
    /// # Errors
    /// When the file is no tape, not a recorded one, cannot be read or written, or another recorder
    /// writes to it.
    pub fn append(path: &Path) -> Result<Self, OutputError> {
        let failed = |error| OutputError::Io(path.into(), error);
        let not = |why: String| OutputError::NotATape(path.into(), why);
        let file = match reopened(path) {
            Ok(file) => own(path, file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::create(path),
            Err(error) => return Err(failed(error)),
        };
        let about = file.file.metadata().map_err(failed)?;
        if about.len() == 0 && about.is_file() {
            return Ok(Self::sink(Box::new(file)));
        }
        if !about.is_file() || about.len() > APPEND_BYTES_MAX {
            let why = format!("expected a file of at most {APPEND_BYTES_MAX} bytes");
            return Err(not(why));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let parsed = parse(&bytes).map_err(|error| not(error.to_string()))?;
        let kind = parsed.tape.header.source.kind;
        if kind != SourceKind::Recorded {
            let name = kind.name();
            return Err(not(format!(
                "its source is {name:?}, expected \"recorded\""
            )));
        }
        let (mut file, bytes, parsed) = with_room(path, file, bytes, parsed)?;
        let tail = tail(&bytes, &parsed);
        let at = parsed
            .torn
            .as_ref()
            .map_or(bytes.len() as u64, |torn| torn.at);
        file.file.seek(SeekFrom::Start(at)).map_err(failed)?;
        // Longer than what it stands over, of which nothing is lost if this stops half way.
        file.append(&tail).map_err(failed)?;
        let line = bytes.split(|byte| *byte == b'\n').next();
        Ok(Self {
            sink: Box::new(file),
            before: Some(Before {
                tape: parsed.tape,
                header_bytes: line.map_or(0, <[u8]>::len),
                bytes: at + tail.len() as u64,
            }),
        })
    }

    /// Anything else.
    #[must_use]
    pub fn sink(sink: Box<dyn Sink>) -> Self {
        Self { sink, before: None }
    }
}

fn reopened(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// The tape, with room in its header: where there is none, as in one that another program wrote, a
/// file with room takes the place of the old one, at once and whole.
fn with_room(
    path: &Path,
    old: Own,
    bytes: Vec<u8>,
    parsed: Parsed,
) -> Result<(Own, Vec<u8>, Parsed), OutputError> {
    let failed = |error| OutputError::Io(path.into(), error);
    let line = bytes.split_inclusive(|byte| *byte == b'\n').next();
    let line = line.unwrap_or_default();
    let mut header = parsed.tape.header.clone();
    let bytes_now = line.len().saturating_sub(1);
    // The longest that it may come to.
    let mut longest = header.clone();
    longest.exact = false;
    longest.extra.insert("whole".into(), false.into());
    let fits = header::line(&mut longest, bytes_now).len() == line.len();
    if fits && header.extra.contains_key(header::ROOM) && line.starts_with(b"{") {
        return Ok((old, bytes, parsed));
    }
    let mut text = header::roomy(&mut header).into_bytes();
    text.extend_from_slice(bytes.get(line.len()..).unwrap_or_default());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let file = private().create_new(true).open(&beside).map_err(failed)?;
    let mut file = own(&beside, file)?;
    let written = file.append(&text).and_then(|()| file.sync());
    // The old one is kept from others until the new one stands in its place.
    let moved = written.and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = moved {
        let _ = std::fs::remove_file(&beside);
        return Err(failed(error));
    }
    drop(old);
    let parsed =
        parse(&text).map_err(|error| OutputError::NotATape(path.into(), error.to_string()))?;
    Ok((file, text, parsed))
}

/// The file as one that no other recorder writes to.
fn own(path: &Path, file: File) -> Result<Own, OutputError> {
    let failed = |error| OutputError::Io(path.into(), error);
    let taken = Own::take(file).map_err(failed)?;
    // Another may have put a new file in its place in the meantime.
    let taken = taken.filter(|own| lock::is_at(&own.file, path));
    taken.ok_or_else(|| OutputError::Busy(path.into()))
}

/// What makes a tape end in a whole line.
fn tail(bytes: &[u8], parsed: &Parsed) -> Vec<u8> {
    let Some(torn) = &parsed.torn else {
        return if bytes.ends_with(b"\n") {
            Vec::new()
        } else {
            vec![b'\n']
        };
    };
    let at = usize::try_from(torn.at).unwrap_or(usize::MAX);
    let torn = bytes.get(at..).unwrap_or_default();
    let value = match std::str::from_utf8(torn) {
        Ok(text) => serde_json::json!({ "torn": text }),
        // Cut inside a character: what is whole, and the bytes of what is not.
        Err(error) => {
            let (text, rest) = torn.split_at(error.valid_up_to());
            serde_json::json!({ "torn": String::from_utf8_lossy(text), "bytes": rest })
        }
    };
    format!("{value}\n").into_bytes()
}

/// A file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new = self.before.is_none();
        f.debug_struct("Output")
            .field("new", &new)
            .finish_non_exhaustive()
    }
}

/// A file that no tape can be written to.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutputError {
    /// There is one of this name.
    Exists(PathBuf),
    /// It is not a tape that can be appended to: why.
    NotATape(PathBuf, String),
    /// Another recorder writes to it.
    Busy(PathBuf),
    /// It cannot be read or written.
    Io(PathBuf, io::Error),
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(f, "{}: the file exists already", path.display()),
            Self::NotATape(path, why) => {
                write!(f, "{}: not a tape to append to: {why}", path.display())
            }
            Self::Busy(path) => write!(f, "{}: another recorder writes to it", path.display()),
            Self::Io(path, error) => write!(f, "{}: cannot write it: {error}", path.display()),
        }
    }
}

impl std::error::Error for OutputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}
