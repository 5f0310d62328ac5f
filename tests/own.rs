//! Programs of this package that tests run: they are examples, since a binary beside `wiretape` would
//! make `cargo run` ask which one is meant.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// The program of this source, as `cargo test` has built it; built here where one test alone is run.
pub(crate) fn program(name: &str, source: &str) -> PathBuf {
    // This test lies in `target/debug/deps`, or in another profile's folder.
    let exe = std::env::current_exe().unwrap();
    let profile = exe.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join(name);
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    if changed(&program)
        .is_some_and(|built| changed(&source).is_some_and(|written| written <= built))
    {
        return program;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "tests", "--example", name]);
    build.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let done = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(
        done.is_ok_and(|done| done.success()),
        "{name} cannot be built"
    );
    program
}
