//! The smallest case as files.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use wiretape_check::shrink::Shrunk;
use wiretape_tape::{Source, SourceKind, encode, sha256_hex};

use crate::Io;
use crate::exit::Fault;

/// Characters of the digest in a file's name.
const DIGEST: usize = 12;

/// Where a case was written.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The tape that is left.
    pub(crate) tape: PathBuf,
    /// What is done to it.
    pub(crate) scenario: PathBuf,
}

impl Files {
    /// Writes a case to `<code>-<digest>.tape` and `<code>-<digest>.scenario.json`. The same case
    /// has the same names, and is written over itself.
    pub(crate) fn write(folder: &Path, shrunk: &Shrunk, io: &mut Io<'_>) -> Result<Self, Fault> {
        let finding = &shrunk.finding;
        let mut tape = shrunk.tape.clone();
        tape.header.source = Source {
            note: Some(format!("What is left of {}.", name_of(&finding.place.tape))),
            cites: tape.header.source.cites,
            server: tape.header.source.server,
            ..Source::new(SourceKind::Varied)
        };
        let tape = encode(&tape);
        let scenario = serde_json::to_string_pretty(&finding.place.scenario)? + "\n";
        let digest = sha256_hex(format!("{scenario}{tape}").as_bytes());
        let digest = digest.get(..DIGEST).unwrap_or(&digest);
        let stem = format!("{}-{digest}", finding.code);
        let files = Self {
            tape: folder.join(format!("{stem}.tape")),
            scenario: folder.join(format!("{stem}.scenario.json")),
        };
        let failed = |path: &Path, error| {
            Fault::new(format!("{}: cannot write it: {error}", path.display()))
        };
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        for (path, text) in [(&files.tape, &tape), (&files.scenario, &scenario)] {
            fs::write(path, text).map_err(|error| failed(path, error))?;
        }
        io.note(&format!("{} is written", files.scenario.display()));
        Ok(files)
    }

    /// The line that repeats the case. `more`: arguments that the client needs.
    pub(crate) fn repeat(&self, more: &[String], command: &[OsString]) -> String {
        let mut words = vec![
            "wiretape check".to_owned(),
            quoted(&self.tape.to_string_lossy()),
            "--scenario".to_owned(),
            quoted(&self.scenario.to_string_lossy()),
        ];
        words.extend_from_slice(more);
        words.push("--".to_owned());
        words.extend(command.iter().map(|word| quoted(&word.to_string_lossy())));
        words.join(" ")
    }
}

/// A file's name without its folder: the same case gives the same bytes wherever it lies.
fn name_of(path: &str) -> String {
    let name = Path::new(path)
        .file_name()
        .map(|name| name.to_string_lossy());
    name.map_or_else(|| path.to_owned(), std::borrow::Cow::into_owned)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./=:@%+,".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("a/b-1.py"), "a/b-1.py");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
