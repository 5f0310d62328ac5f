//! How tapes are played: what `serve` and `run` have in common.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use wiretape::Loaded;
use wiretape_core::Dialect;
use wiretape_serve::{Flush, Matching, Mount, Pace};
use wiretape_vary::{Profile, Scenario};

use crate::args::{dialect, profile, seed};
use crate::exit::Fault;
use crate::{Io, source};

#[derive(Args, Debug)]
pub(crate) struct PlayArgs {
    /// Vary each reply by this seed: decimal, or hexadecimal after 0x.
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// What the seed chooses from [default: lawful]; without --seed, seed 0.
    #[arg(long, value_name = "NAME", value_parser = profile())]
    pub(crate) profile: Option<Profile>,
    /// A scenario as JSON, instead of a seed; `wiretape vary --print` writes one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "profile"])]
    pub(crate) scenario: Option<PathBuf>,
    /// Which recorded exchange answers a request.
    #[arg(long = "match", value_name = "HOW", value_enum, default_value_t = MatchArg::Sequence)]
    pub(crate) matching: MatchArg,
    /// Strict matching passes over this JSON pointer of the body, such as /metadata; repeatable.
    #[arg(long, value_name = "POINTER", value_parser = pointer)]
    pub(crate) ignore: Vec<String>,
    /// instant (no waits), recorded, or so many times as fast: 2x, 0.5x, 1/3x.
    #[arg(long, value_name = "PACE", default_value = "instant", value_parser = pace)]
    pub(crate) pace: Pace,
    /// One write for each chunk, or chunks that are ready together in one write.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = FlushArg::Chunk)]
    pub(crate) flush: FlushArg,
    /// Close the connection after each answer.
    #[arg(long)]
    pub(crate) close: bool,
    /// How long a reply that stalls is kept open, such as 500ms, 30s or 10m.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) linger: Duration,
    /// The protocol, where a tape does not say.
    #[arg(long, value_name = "NAME", value_parser = dialect())]
    pub(crate) dialect: Option<Dialect>,
}

/// Which recorded exchange answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatchArg {
    /// One after the other, as recorded; a retry gets its turn again.
    Sequence,
    /// The one with the same method, path and JSON body, each once.
    Strict,
    /// The first that fits, any number of times.
    First,
}

/// How chunks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlushArg {
    /// One write for each.
    Chunk,
    /// Those that are due together in one write.
    Batch,
}

impl PlayArgs {
    /// What is done to each reply, in words.
    pub(crate) fn describe(&self, seed: Option<u64>) -> String {
        match (&self.scenario, seed) {
            (Some(path), _) => format!("scenario {}", path.display()),
            (None, Some(seed)) => format!("seed {seed:#x}, profile {}", self.profile()),
            (None, None) => "as recorded".into(),
        }
    }

    /// The first seed, where replies are varied by one.
    pub(crate) fn first_seed(&self) -> Option<u64> {
        self.seed.or_else(|| self.profile.map(|_| 0))
    }

    fn profile(&self) -> Profile {
        self.profile.unwrap_or(Profile::Lawful)
    }

    /// The scenario of `--scenario`.
    pub(crate) fn scenario(&self) -> Result<Option<Scenario>, Fault> {
        self.scenario.as_deref().map(source::scenario).transpose()
    }

    /// Reads a tape: as it was recorded, or to be varied, which a compressed body cannot be.
    pub(crate) fn open(&self, file: &Path, io: &mut Io<'_>) -> Result<Loaded, Fault> {
        if self.scenario.is_some() || self.first_seed().is_some() {
            source::open(file, self.dialect, io)
        } else {
            source::recorded(file, self.dialect, io)
        }
    }

    /// The tape as it is to be played.
    pub(crate) fn mount(
        &self,
        loaded: &Loaded,
        scenario: Option<&Scenario>,
        seed: Option<u64>,
    ) -> Result<Mount, Fault> {
        for (number, exchange) in loaded.tape.exchanges.iter().enumerate() {
            let bytes = exchange.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
            source::fits(&format!("{}#{number}", loaded.path.display()), bytes)?;
        }
        let mut mount = Mount::new(&loaded.tape)
            .matching(match self.matching {
                MatchArg::Sequence => Matching::Sequence,
                MatchArg::Strict => Matching::Strict {
                    ignore: self.ignore.clone(),
                },
                MatchArg::First => Matching::First,
            })
            .pace(self.pace)
            .flush(match self.flush {
                FlushArg::Chunk => Flush::Chunk,
                FlushArg::Batch => Flush::Batch,
            })
            .close(self.close);
        if let Some(dialect) = loaded.dialect {
            mount = mount.dialect(dialect.name());
        }
        if let Some(scenario) = scenario {
            mount = mount.scenario(scenario.clone());
        } else if let Some(seed) = seed {
            mount = mount.seed(seed, self.profile());
        }
        Ok(mount)
    }
}

/// Where each file is mounted: at the root if it is alone, else under what its path has beyond the
/// folder that all of them share, without the ending.
pub(crate) fn prefixes(files: &[PathBuf]) -> Vec<String> {
    if files.len() < 2 {
        return files.iter().map(|_| String::new()).collect();
    }
    let shared = shared_folder(files);
    let name = |file: &PathBuf| {
        let rest = file
            .strip_prefix(&shared)
            .unwrap_or(file)
            .with_extension("");
        let parts = rest.iter().map(|part| segment(&part.to_string_lossy()));
        parts.fold(String::new(), |path, part| path + "/" + &part)
    };
    let mut names: Vec<String> = Vec::new();
    for file in files {
        let name = name(file);
        let taken = |name: &String| names.contains(name);
        let free = (2..)
            .map(|n| format!("{name}-{n}"))
            .find(|name| !taken(name));
        names.push(if taken(&name) {
            free.unwrap_or_default()
        } else {
            name
        });
    }
    names
}

fn shared_folder(files: &[PathBuf]) -> PathBuf {
    let mut folders = files
        .iter()
        .map(|file| file.parent().unwrap_or_else(|| Path::new("")));
    let first = folders
        .next()
        .unwrap_or_else(|| Path::new(""))
        .to_path_buf();
    folders.fold(first, |shared, folder| {
        let same = shared.iter().zip(folder).take_while(|(a, b)| a == b);
        same.map(|(part, _)| part).collect()
    })
}

/// A path's part as a part of a URL that no client has to escape.
fn segment(part: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    part.chars()
        .map(|c| if kept(c) { c } else { '-' })
        .collect()
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Ok(text.into());
    }
    Err("expected a JSON pointer, which begins with /, such as /metadata/user_id".into())
}

fn pace(text: &str) -> Result<Pace, String> {
    const EXPECTED: &str = "expected instant, recorded, or a speed such as 2x, 0.5x or 1/3x";
    match text {
        "instant" => return Ok(Pace::Instant),
        "recorded" => return Ok(Pace::Scripted { n: 1, of: 1 }),
        _ => {}
    }
    let speed = text.strip_suffix(['x', '×']).and_then(ratio);
    match speed {
        Some((n, of)) if n > 0 && of > 0 => Ok(Pace::Scripted { n, of }),
        _ => Err(EXPECTED.into()),
    }
}

/// `2`, `0.5` or `1/3` as a fraction, without floats.
fn ratio(text: &str) -> Option<(u32, u32)> {
    if let Some((n, of)) = text.split_once('/') {
        return Some((n.parse().ok()?, of.parse().ok()?));
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let of = 10_u32.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some((format!("{whole}{part}").parse().ok()?, of))
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let ms = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" | "min" => Some(60_000),
        _ => None,
    };
    let number = digits.parse::<u32>().ok();
    match (number, ms) {
        (Some(number), Some(ms)) => Ok(Duration::from_millis(u64::from(number) * ms)),
        _ => Err("expected a time such as 500ms, 30s or 10m".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, duration, pace, prefixes};

    #[test]
    fn a_pace_is_a_word_or_a_speed() {
        let scripted = |n, of| Ok(Pace::Scripted { n, of });
        assert_eq!(pace("instant"), Ok(Pace::Instant));
        assert_eq!(pace("recorded"), scripted(1, 1));
        assert_eq!(pace("2x"), scripted(2, 1));
        assert_eq!(pace("0.25x"), scripted(25, 100));
        assert_eq!(pace("1/3x"), scripted(1, 3));
        for wrong in [
            "",
            "x",
            "0x",
            "0.0x",
            "-1x",
            "2",
            "1/0x",
            "fast",
            "99999999999x",
        ] {
            assert!(pace(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("500ms").map(|time| time.as_millis()), Ok(500));
        assert_eq!(duration("10m").map(|time| time.as_secs()), Ok(600));
        for wrong in ["", "10", "s", "-1s", "1h30", "1.5s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_tape_has_a_prefix_of_its_own() {
        let named = |files: &[&str]| {
            let files: Vec<_> = files.iter().map(Into::into).collect();
            prefixes(&files).join(" ")
        };
        assert_eq!(named(&["r/a/text.tape"]), "");
        assert_eq!(
            named(&["r/a/text.tape", "r/b/text.tape"]),
            "/a/text /b/text"
        );
        assert_eq!(named(&["a.tape", "a.sse", "ä b.tape"]), "/a /a-2 /--b");
        assert_eq!(named(&["/x/one.tape", "y/two.tape"]), "/-/x/one /y/two");
    }
}
