//! The repository's own files, as `tidy` looks at them.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of text.
pub(super) struct File {
    /// From the root of the workspace, with `/`.
    pub(super) name: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn is_test(&self) -> bool {
        let mut parts = self.name.split('/');
        parts.any(|part| ["tests", "tests.rs", "benches"].contains(&part))
    }

    /// Numbered lines, without comments and without what is under `#[cfg(test)]`.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut marked = false;
        let mut skipping: Option<String> = None;
        self.text
            .lines()
            .zip(1..)
            .filter_map(move |(line, number)| {
                if let Some(close) = &skipping {
                    if line == close {
                        skipping = None;
                    }
                } else if line.trim_start().starts_with("#[cfg(test)]") {
                    marked = true;
                } else if std::mem::take(&mut marked) {
                    skipping = line.ends_with('{').then(|| format!("{}}}", indent(line)));
                } else if !line.trim_start().starts_with("//") {
                    return Some((number, line));
                }
                None
            })
    }
}

pub(super) fn indent(line: &str) -> &str {
    line.split_at(line.len() - line.trim_start().len()).0
}

/// `text` has `word`, whole, with `then` after it.
pub(super) fn has_word(text: &str, word: &str, then: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.split_at(word.len()).1;
        !before.ends_with(is_word) && !after.starts_with(is_word) && after.starts_with(then)
    })
}

pub(super) fn occurrences(files: &[File], words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (line, number) in file.text.lines().zip(1..) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{number}: {}", file.name, line.trim()));
            }
        }
    }
    found
}

/// The crates of `crates/`, each with its manifest.
pub(super) fn crates() -> Vec<(String, String)> {
    let manifests = files("crates", "toml").into_iter().filter_map(|file| {
        let name = file
            .name
            .strip_prefix("crates/")?
            .strip_suffix("/Cargo.toml")?;
        Some((name.to_owned(), file.text))
    });
    manifests.collect()
}

/// What stands under `[dependencies]`, also of one target.
pub(super) fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]" || line.ends_with(".dependencies]");
        } else if inside && line.starts_with(|c: char| c.is_alphanumeric()) {
            names.extend(line.split(['.', ' ', '=']).next().map(str::to_owned));
        }
    }
    names
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[expect(
    clippy::panic,
    reason = "a rule cannot be checked on a file that is not there"
)]
pub(super) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(super) fn files(folder: &str, extension: &str) -> Vec<File> {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let names = names(folder, extension)
        .into_iter()
        .map(|name| format!("{prefix}{name}"));
    names
        .map(|name| File {
            text: read(&name),
            name,
        })
        .collect()
}

/// The files of `folder` with that extension, in order. What tools leave behind is passed over.
pub(super) fn names(folder: &str, extension: &str) -> Vec<String> {
    let base = root().join(folder);
    let (mut found, mut folders) = (Vec::new(), vec![base.clone()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
        {
            let left = ["target", ".git", "node_modules", "artifacts", "corpus"];
            if path.is_dir() {
                folders.extend((!left.iter().any(|name| path.ends_with(name))).then_some(path));
            } else if path.extension().is_some_and(|end| end == extension) {
                let name = path.strip_prefix(&base).unwrap_or(&path).to_string_lossy();
                found.push(name.replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}
