//! `wiretape serve --sink`: a chat platform's API, and what its caller did wrong.

use clap::{Args, ValueEnum};
use serde_json::json;
use wiretape_serve::Server;
use wiretape_serve::sink::{Options, Platform, Refusals, Report, Sink};

use crate::exit::Fault;
use crate::{Io, screen};

/// Characters of a message that are shown at the end.
const SHOWN_MAX: usize = 100;
/// Messages that are shown at the end; the rest is counted.
const MESSAGES_SHOWN_MAX: usize = 20;
/// Violations that are shown at the end; the rest is counted.
const VIOLATIONS_SHOWN_MAX: usize = 20;

#[derive(Args, Debug)]
pub(super) struct SinkArgs {
    /// Take a chat platform's calls under /NAME, as strictly as its documentation; repeatable.
    #[arg(long, value_name = "NAME")]
    sink: Vec<PlatformArg>,
    /// Make the platform's windows, waits and lifetimes N times shorter.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sink", value_parser = crate::args::at_least_one::<u32>, allow_negative_numbers = true)]
    sink_speed: u32,
    /// Tolerate N calls beyond a window before one is refused.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "sink")]
    sink_burst: u32,
    /// From a call to its answer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 50, requires = "sink")]
    sink_latency: u64,
    /// Accept this token alone.
    #[arg(long, value_name = "TOKEN", requires = "sink")]
    sink_token: Option<String>,
    /// Of 1,000 calls, so many get a 429, a 500, or are done and never answered.
    #[arg(long, value_name = "A:B:C", requires = "sink", value_parser = refusals)]
    sink_refuse: Option<[u16; 3]>,
    /// What is refused by --sink-refuse.
    #[arg(long, value_name = "N", default_value = "0", requires = "sink", value_parser = crate::args::seed)]
    sink_seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlatformArg {
    Telegram,
    Slack,
    Discord,
}

impl PlatformArg {
    fn platform(self) -> Platform {
        match self {
            Self::Telegram => Platform::Telegram,
            Self::Slack => Platform::Slack,
            Self::Discord => Platform::Discord,
        }
    }
}

fn refusals(text: &str) -> Result<[u16; 3], String> {
    let parts: Option<Vec<u16>> = text.split(':').map(|part| part.parse().ok()).collect();
    let parts = parts.and_then(|parts| <[u16; 3]>::try_from(parts).ok());
    let parts = parts.filter(|parts| parts.iter().all(|part| *part <= 1_000));
    parts.ok_or_else(|| "expected three numbers up to 1000, such as 20:5:5".into())
}

impl SinkArgs {
    pub(super) fn any(&self) -> bool {
        !self.sink.is_empty()
    }

    /// The platforms, each once.
    fn platforms(&self) -> impl Iterator<Item = Platform> {
        let wanted = |platform: &Platform| self.sink.iter().any(|arg| arg.platform() == *platform);
        Platform::ALL.into_iter().filter(wanted)
    }

    fn options(&self) -> Options {
        let [limited, broken, lost] = self.sink_refuse.unwrap_or_default();
        Options {
            seed: self.sink_seed,
            speed: self.sink_speed,
            burst: self.sink_burst,
            // Calls travel through this machine's own network.
            tolerance_percent: 5,
            latency_ns: self.sink_latency.saturating_mul(1_000_000),
            token: self.sink_token.clone(),
            refusals: Refusals {
                limited,
                broken,
                lost,
                waits: Vec::new(),
            },
            ..Options::default()
        }
    }

    pub(super) fn mount(&self, server: &Server) -> Result<(), Fault> {
        for platform in self.platforms() {
            let prefix = prefix(platform);
            let mounted = server.mount_sink(&prefix, Sink::new(platform, self.options()));
            mounted.map_err(|error| Fault::new(format!("{prefix}: {error}")))?;
        }
        Ok(())
    }

    /// Where client libraries are pointed.
    pub(super) fn announce(&self, server: &Server, io: &mut Io<'_>) -> Result<(), Fault> {
        let strong = io.screen.style(screen::STRONG);
        let dim = io.screen.style(screen::FAINT);
        for platform in self.platforms() {
            let url = format!("{}{}", server.url(), prefix(platform));
            let base = format!("{url}{}", platform.base_path());
            let how = match platform {
                Platform::Telegram => {
                    format!("python-telegram-bot: base_url; grammY: apiRoot={url}")
                }
                Platform::Slack => "slack_sdk: base_url; @slack/web-api: slackApiUrl".to_owned(),
                Platform::Discord => format!("@discordjs/rest: api={url}/api"),
            };
            let name = platform.name();
            writeln!(
                io.out,
                "{strong}{base}{strong:#}  {dim}{name} sink; {how}{dim:#}"
            )?;
        }
        Ok(())
    }

    /// The same, for a line of JSON.
    pub(super) fn json(&self, server: &Server) -> Vec<serde_json::Value> {
        let one = |platform: Platform| {
            let prefix = prefix(platform);
            let base_url = format!("{}{prefix}{}", server.url(), platform.base_path());
            json!({"prefix": prefix, "platform": platform.name(), "base_url": base_url})
        };
        self.platforms().map(one).collect()
    }

    pub(super) fn reports(&self, server: &Server) -> Vec<(String, Report)> {
        let report = |platform| {
            let prefix = prefix(platform);
            let report = server.sink(&prefix)?;
            Some((prefix, report))
        };
        self.platforms().filter_map(report).collect()
    }
}

fn prefix(platform: Platform) -> String {
    format!("/{}", platform.name())
}

/// What happened, what was wrong with it, and what a user sees.
pub(super) fn sum(reports: &[(String, Report)], json: bool, io: &mut Io<'_>) -> Result<(), Fault> {
    for (prefix, report) in reports {
        if json {
            let line = json!({"report": "sink", "prefix": prefix, "sink": report});
            writeln!(io.out, "{line}")?;
        } else {
            text(report, io)?;
        }
    }
    Ok(())
}

/// Violations, those that were not kept too.
pub(super) fn violations(reports: &[(String, Report)]) -> u64 {
    let count = |report: &Report| report.violations.len() as u64 + report.violations_more;
    reports.iter().map(|(_, report)| count(report)).sum()
}

fn text(report: &Report, io: &mut Io<'_>) -> Result<(), Fault> {
    let count = report.violations.len() as u64 + report.violations_more;
    let style = io.screen.style(if count == 0 {
        screen::GOOD
    } else {
        screen::BAD
    });
    writeln!(
        io.out,
        "{style}{}: {}, {} accepted, {} refused ({} for their pace, {} by the seed), {} not \
         answered, {}{style:#}",
        report.platform.name(),
        counted(report.calls, "call"),
        screen::grouped(report.accepted),
        screen::grouped(report.refused),
        screen::grouped(report.limited),
        screen::grouped(report.by_seed),
        screen::grouped(report.lost),
        counted(count, "violation"),
    )?;
    for violation in report.violations.iter().take(VIOLATIONS_SHOWN_MAX) {
        let chat = match violation.chat.as_str() {
            "" => String::new(),
            chat => format!(", chat {chat}"),
        };
        let line = format!(
            "  {} {}: call {} at {}, {}{chat}: expected {}",
            violation.m,
            violation.kind.words(),
            violation.call,
            violation.at,
            violation.method,
            violation.expected,
        );
        writeln!(io.out, "{}", screen::clean(&line))?;
    }
    let more = count.saturating_sub(VIOLATIONS_SHOWN_MAX as u64);
    if more > 0 {
        writeln!(io.out, "  and {} more", screen::grouped(more))?;
    }
    shown(report, io)
}

fn counted(n: u64, noun: &str) -> String {
    screen::count(usize::try_from(n).unwrap_or(usize::MAX), noun)
}

fn shown(report: &Report, io: &mut Io<'_>) -> Result<(), Fault> {
    let dim = io.screen.style(screen::FAINT);
    for message in report.messages.iter().take(MESSAGES_SHOWN_MAX) {
        let mut text: String = message.text.chars().take(SHOWN_MAX).collect();
        if text.len() < message.text.len() {
            text.push('…');
        }
        let head = format!("chat {}, message {}", message.chat, message.id);
        writeln!(
            io.out,
            "  {dim}{}, {} long, {} edits:{dim:#} {}",
            screen::clean(&head),
            message.text.chars().count(),
            message.edits,
            screen::clean(&text),
        )?;
    }
    let more = report.messages.len().saturating_sub(MESSAGES_SHOWN_MAX) as u64 + report.forgotten;
    if more > 0 {
        writeln!(io.out, "  and {} more messages", screen::grouped(more))?;
    }
    Ok(())
}
