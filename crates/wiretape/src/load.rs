//! Tapes and bare bodies from files.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use wiretape_core::{Dialect, Server};
use wiretape_tape::{Exchange, Kind, SourceKind, Tape, parse, sniff};

/// What files of a folder are called that hold tapes or bare bodies.
const ENDINGS: [&str; 4] = ["tape", "sse", "ndjson", "jsonl"];

/// The longest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// A file that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    pub tape: Tape,
    /// What is missing at its end, if it was cut: a torn last line, or an exchange's end. The rest
    /// was read.
    pub torn: Option<String>,
    /// The dialect asked for, or the tape's own, or the one its first frames show.
    pub dialect: Option<Dialect>,
}

/// One exchange of a tape, with what the laws need to know of it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// `FILE` or `FILE#N` where the tape has several exchanges.
    pub name: String,
    /// The protocol it is in.
    pub dialect: Dialect,
    /// The exchange.
    pub exchange: &'a Exchange,
    /// The response's whole body.
    pub body: Vec<u8>,
}

impl Subject<'_> {
    /// The same, taken apart for scenarios.
    #[must_use]
    pub fn varied(&self) -> wiretape_vary::Subject {
        wiretape_vary::Subject::new(self.exchange, Some(self.dialect.name()))
    }
}

/// [`Tape`]s from files: `Tape::load(path)`.
///
/// The crate that defines a tape has no file system; this adds the one function that tests want.
///
/// ```
/// use wiretape::{FromFile, Tape};
///
/// let tape = Tape::load("../../recordings/anthropic/text.tape")?;
/// assert_eq!(tape.exchanges.len(), 1);
/// # Ok::<(), wiretape::LoadError>(())
/// ```
pub trait FromFile: Sized {
    /// Reads the whole file: a tape, or a bare body.
    ///
    /// A path that is not absolute begins at the folder of the package whose test runs. For the tape
    /// of a recorder that was stopped, and for one whose header names the wrong dialect, see [`load`].
    ///
    /// # Errors
    /// When there is no such file, when it is neither, or when something is missing at its end.
    fn load(path: impl AsRef<Path>) -> Result<Self, LoadError>;
}

impl FromFile for Tape {
    fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let absent = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let (tape, torn) = match contents(path) {
            Ok(bytes) => read(path, &bytes)?,
            Err(LoadError::Io(_, error)) if absent(&error) && path.is_relative() => {
                let folder = std::env::current_dir().unwrap_or_default();
                return Err(LoadError::Absent(path.into(), folder));
            }
            Err(error) => return Err(error),
        };
        match torn {
            Some(what) => Err(LoadError::Torn(path.into(), what)),
            None => Ok(tape),
        }
    }
}

/// A file that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be read.
    Io(PathBuf, std::io::Error),
    /// It does not exist in this folder.
    Absent(PathBuf, PathBuf),
    /// Something is missing at its end.
    Torn(PathBuf, String),
    /// It is longer than [`FILE_BYTES_MAX`].
    TooLong(PathBuf),
    /// It is no tape: what was expected, and where.
    Tape(PathBuf, String),
    /// Its dialect is not known, or none this version reads.
    Dialect(PathBuf, String),
    /// The body of this exchange is compressed: how.
    Compressed(PathBuf, usize, String),
    /// A folder without a tape, or nothing to read at all.
    Nothing(PathBuf),
}

impl Loaded {
    /// The exchanges with a streamed body, each as a subject of the laws.
    ///
    /// An exchange without a body, or whose status is not 2xx and whose body is JSON, has no
    /// stream and is left out. One whose body is compressed is an error: the laws, and every reader,
    /// take what a client has that undid the compression.
    pub fn subjects(&self) -> impl Iterator<Item = Result<Subject<'_>, LoadError>> {
        let several = self.tape.exchanges.len() > 1;
        let exchanges = self.tape.exchanges.iter().enumerate();
        exchanges.filter_map(move |(number, exchange)| {
            let body = exchange.body();
            if !is_stream(exchange, &body) {
                return None;
            }
            let file = self.path.display();
            let name = if several {
                format!("{file}#{number}")
            } else {
                file.to_string()
            };
            if let Some(coding) = coding(exchange) {
                let path = self.path.clone();
                return Some(Err(LoadError::Compressed(path, number, coding.into())));
            }
            let dialect = self.dialect.or_else(|| Dialect::sniff(&body));
            let Some(dialect) = dialect else {
                return Some(Err(self.no_dialect(number)));
            };
            Some(Ok(Subject {
                name,
                dialect,
                exchange,
                body,
            }))
        })
    }

    /// The server that an exchange was recorded from, where the tape's header, and the path of the
    /// request, say which. What reading it needs:
    /// [`Options::as_sent_by`](wiretape_core::Options::as_sent_by).
    #[must_use]
    pub fn server(&self, exchange: &Exchange) -> Option<Server> {
        let server = self.tape.header.source.server.as_deref()?;
        let request = exchange.request.as_ref();
        let path = request.map_or("", |request| request.path.as_str());
        server.parse().ok().or_else(|| Server::detect(server, path))
    }

    fn no_dialect(&self, exchange: usize) -> LoadError {
        let why = match &self.tape.header.dialect {
            Some(name) => format!("the header names the dialect {name:?}"),
            None => format!(
                "the first frames of exchange {exchange} do not show their dialect, expected {}",
                Dialect::ALL.map(Dialect::name).join(" or ")
            ),
        };
        LoadError::Dialect(self.path.clone(), why)
    }
}

/// How the body is compressed, where its head says so.
pub(crate) fn coding(exchange: &Exchange) -> Option<&str> {
    let mut headers = exchange.response.iter().flat_map(|head| &head.headers);
    let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-encoding");
    let coding = headers.find(named).map(|(_, value)| value.trim());
    coding.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// The body may be a stream: there is one, and it is not the JSON body of a refusal.
fn is_stream(exchange: &Exchange, body: &[u8]) -> bool {
    if body.is_empty() {
        return false;
    }
    let Some(response) = &exchange.response else {
        return true;
    };
    let is_json = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("content-type")
            && value.trim_start().starts_with("application/json")
    };
    let json = response.headers.iter().any(is_json) || body.trim_ascii_start().starts_with(b"{");
    (200..300).contains(&response.status) || !json
}

/// Reads a tape, or a bare body.
///
/// The dialect is the one asked for; else the tape's own, if this version reads it; else, of a bare
/// body or a tape without a name, what the first frames show.
///
/// # Errors
/// When the file cannot be read or is neither.
pub fn load(path: &Path, dialect: Option<Dialect>) -> Result<Loaded, LoadError> {
    let bytes = contents(path)?;
    let (mut tape, torn) = read(path, &bytes)?;
    if tape.header.source.kind == SourceKind::Bare && tape.header.dialect.is_none() {
        tape.header.dialect = dialect.map(|dialect| dialect.name().into());
    }
    let named = tape.header.dialect.as_deref();
    let dialect = match (dialect, named) {
        (Some(dialect), _) => Some(dialect),
        (None, Some(name)) => Some(name.parse().map_err(|why| {
            LoadError::Dialect(
                path.into(),
                format!("the header names the dialect {name:?}: {why}"),
            )
        })?),
        (None, None) => {
            let mut bodies = tape.exchanges.iter().map(Exchange::body);
            bodies.find_map(|body| Dialect::sniff(&body))
        }
    };
    Ok(Loaded {
        path: path.into(),
        tape,
        torn,
        dialect,
    })
}

/// What the bytes are, and what is missing at their end.
fn read(path: &Path, bytes: &[u8]) -> Result<(Tape, Option<String>), LoadError> {
    let no_tape = |why: String| Err(LoadError::Tape(path.into(), why));
    match sniff(bytes) {
        Kind::Tape => match parse(bytes) {
            Ok(parsed) => {
                let torn = parsed.torn.map(|torn| torn.to_string());
                let torn = torn.or_else(|| unfinished(&parsed.tape));
                Ok((parsed.tape, torn))
            }
            Err(error) => no_tape(format!("a broken tape: {error}")),
        },
        Kind::Sse | Kind::Lines | Kind::EventStream => Ok((Tape::from_body(bytes, None), None)),
        Kind::Empty => no_tape(format!("an empty file, {EXPECTED}")),
        _ => no_tape(format!("line 1 is nothing this program reads, {EXPECTED}")),
    }
}

/// Of what has no length, such as a pipe, no more is read than is allowed.
fn contents(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |error| LoadError::Io(path.into(), error);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    if length <= FILE_BYTES_MAX {
        bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
        let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
        if read.map_err(failed)? as u64 <= FILE_BYTES_MAX {
            return Ok(bytes);
        }
    }
    Err(LoadError::TooLong(path.into()))
}

/// What a tape lacks that was cut between two lines.
fn unfinished(tape: &Tape) -> Option<String> {
    let mut exchanges = tape.exchanges.iter();
    match exchanges.position(|exchange| exchange.end.is_none()) {
        Some(number) => Some(format!(
            "exchange {number} has no end line, as where the recorder was stopped; what came before was read"
        )),
        None if tape.exchanges.is_empty() => {
            Some("no exchange, as where the recorder was stopped".into())
        }
        None => None,
    }
}

const EXPECTED: &str = "expected a tape (line 1: {\"wiretape\":1,…}), an event stream (data: …) or \
                        JSON lines";

/// The files under these paths that hold tapes or bare bodies, in order of their names.
///
/// A file named in `paths` is taken whatever its name ends in; of a folder, those that end in
/// `.tape`, `.sse`, `.ndjson` or `.jsonl`, at any depth; what begins with a dot is passed over.
///
/// # Errors
/// When a path does not exist, or a folder holds none.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        let about = std::fs::metadata(path).map_err(|error| LoadError::Io(path.clone(), error))?;
        if about.is_dir() {
            walk(path, &mut found)?;
            if found.len() == before {
                return Err(LoadError::Nothing(path.clone()));
            }
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    match (found.is_empty(), paths.first()) {
        (false, _) => Ok(found),
        (true, first) => Err(LoadError::Nothing(first.cloned().unwrap_or_default())),
    }
}

/// Links to folders are not followed, so that a ring of them does not end the search.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let failed = |error| LoadError::Io(folder.into(), error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|end| ENDINGS.iter().any(|known| end == *known))
        {
            found.push(path);
        }
    }
    Ok(())
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: cannot read it: {error}", path.display()),
            Self::Absent(path, folder) => write!(
                f,
                "{}: no such file in {}, the folder that the path begins at",
                path.display(),
                folder.display()
            ),
            Self::Torn(path, what) => write!(
                f,
                "{}: {what}; `wiretape::load` reads what is there of a tape that was cut",
                path.display()
            ),
            Self::TooLong(path) => write!(
                f,
                "{}: longer than the limit of {FILE_BYTES_MAX} bytes for a file",
                path.display()
            ),
            Self::Tape(path, why) | Self::Dialect(path, why) => {
                write!(f, "{}: {why}", path.display())
            }
            Self::Compressed(path, exchange, coding) => write!(
                f,
                "{}#{exchange}: its body is compressed ({coding}), expected text; `wiretape vary` \
                 writes it as text",
                path.display()
            ),
            Self::Nothing(path) if path.as_os_str().is_empty() => f.write_str("no path was given"),
            Self::Nothing(path) => {
                let endings = ENDINGS.join(", .");
                write!(
                    f,
                    "{}: expected a file in this folder that ends in one of .{endings}",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}
