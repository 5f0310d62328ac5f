//! One recorder for a tape: an advisory lock that ends with the process, however that ends.

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg(unix)]
pub(crate) type Lock = Option<nix::fcntl::Flock<File>>;
#[cfg(not(unix))]
pub(crate) type Lock = ();

/// `Ok(None)`: another has it. A file system without locks is written to without one.
#[cfg(unix)]
pub(crate) fn lock(file: &File) -> io::Result<Option<Lock>> {
    use nix::errno::Errno;
    use nix::fcntl::{Flock, FlockArg};
    match Flock::lock(file.try_clone()?, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(Some(lock))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err(_) => Ok(Some(None)),
    }
}

#[cfg(not(unix))]
pub(crate) fn lock(_: &File) -> io::Result<Option<Lock>> {
    Ok(Some(()))
}

/// The path still leads to this file, or to none.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(this), Ok(there)) => (this.dev(), this.ino()) == (there.dev(), there.ino()),
        _ => true,
    }
}

#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> bool {
    true
}
