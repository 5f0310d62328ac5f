//! Files, from arguments.

use std::path::{Path, PathBuf};
use std::slice;

use wiretape::{Loaded, find, load};
use wiretape_core::{Dialect, Options};

use crate::Io;
use crate::exit::Fault;

/// The files that the paths name; paths that name none are reported and counted.
pub(crate) fn files(paths: &[PathBuf], io: &mut Io<'_>) -> (Vec<PathBuf>, usize) {
    let mut files = Vec::new();
    let mut faults = 0;
    for path in paths {
        match find(slice::from_ref(path)) {
            Ok(found) => files.extend(found),
            Err(error) => {
                faults += 1;
                io.complain(&error.into());
            }
        }
    }
    (files, faults)
}

/// Reads a file and says so if its last line is torn.
pub(crate) fn open(
    path: &Path,
    dialect: Option<Dialect>,
    io: &mut Io<'_>,
) -> Result<Loaded, Fault> {
    let loaded = load(path, dialect)?;
    if let Some(torn) = &loaded.torn {
        io.note(&format!("{}: {torn}", path.display()));
    }
    Ok(loaded)
}

/// How to read: by the standards alone, or with what real servers need.
pub(crate) fn options(strict: bool, recover: bool) -> Options {
    let mut options = if strict {
        Options::strict()
    } else {
        Options::lenient()
    };
    options.sse.recover_last = recover;
    options
}
