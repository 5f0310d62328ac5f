//! What a campaign came to, as a report.

use std::path::Path;

use wiretape_check::campaign::{Baseline, Prepared};
use wiretape_check::client::Mode;
use wiretape_check::report::{
    self, BaselineState, ClassFacts, Example, Facts, Played, Report, TapeFacts, Tried, UNTOUCHED,
};
use wiretape_check::verdict::explain;
use wiretape_check::{Code, Finding};
use wiretape_core::Dialect;
use wiretape_vary::classes;
use wiretape_vary::{Profile, Scenario, Standing};

use super::failures::Small;
use super::work::Done;
use crate::args::CheckArgs;
use crate::{Io, screen};

/// All of it.
pub(super) fn report(args: &CheckArgs, done: &Done, io: &Io<'_>) -> Report {
    let shard = args.client.shard;
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let (part, of) = shard.map_or((1, 1), |shard| (number(shard.part), number(shard.of)));
    let mut report = Report::new(facts(done), part, of);
    for class in classes::all() {
        report.name_class(class_facts(class));
    }
    for one in done.campaign().not_tried() {
        report.not_tried(&one.class, &one.tape, &one.why);
    }
    let repeat = Repeat {
        args,
        io,
        profile: done.campaign().planned().profile,
        tapes: done.campaign().tapes().len() as u64,
    };
    for baseline in &done.baselines {
        if let Some(tape) = done.campaign().tapes().get(baseline.tape) {
            add_baseline(&mut report, done, tape, baseline, &repeat);
        }
    }
    for record in &done.records {
        let case = &record.case;
        let Some(tape) = done.campaign().tapes().get(case.tape) else {
            continue;
        };
        let tried = Tried {
            class: &case.class,
            tape: &tape.name,
            standing: standing(&case.class, tape),
        };
        let seen = record.observation.as_ref();
        let drawn = args.client.outputs.html.is_some() || args.json;
        let found = record.findings.iter().map(|finding| {
            let small = done.small_of(case.number, finding.code);
            let line = match small {
                Some(small) => repeat.small(small),
                None => repeat.line(finding, tape),
            };
            let mut example = Example::new(finding.clone(), line);
            if let Some(small) = small {
                example = example.caused_by(&small.shrunk.finding.place.scenario);
            }
            if !report.would_show(finding) {
                return example;
            }
            // The smallest case has fewer bytes to look at.
            let (bytes, told) = match small {
                Some(Small { shrunk, .. }) => (&shrunk.tape, &shrunk.finding),
                None => (&tape.tape, finding),
            };
            example.explain = explain(bytes, told, &example.repeat).into();
            match seen {
                Some(seen) if drawn => example.drawn(Played {
                    tape: &tape.tape,
                    sent: &done.runner.sent(case.tape, &finding.place.scenario),
                    seen,
                }),
                _ => example,
            }
        });
        let found = found.collect();
        report.add(tried, found);
    }
    let elapsed_ns = u64::try_from(done.elapsed.as_nanos()).unwrap_or(u64::MAX);
    report.finish(elapsed_ns, !done.interrupted);
    report
}

fn facts(done: &Done) -> Facts {
    let settings = done.runner.settings();
    let command = settings.client.command.iter();
    let plan = done.campaign().planned();
    let tapes = done.campaign().tapes().iter();
    Facts {
        wiretape: env!("CARGO_PKG_VERSION").to_owned(),
        client: command
            .map(|part| part.to_string_lossy().into_owned())
            .collect(),
        mode: match settings.client.mode {
            Mode::Process => "process",
            Mode::Worker => "worker",
        }
        .to_owned(),
        profile: plan.profile,
        runs: plan.runs,
        seed: plan.seed,
        patience_ns: u64::try_from(settings.patience.as_nanos()).unwrap_or(u64::MAX),
        cases: done.campaign().len(),
        tapes: tapes.map(tape_facts).collect(),
    }
}

fn tape_facts(tape: &Prepared) -> TapeFacts {
    let dialect = tape.dialect.map(Dialect::name).unwrap_or_default();
    TapeFacts {
        dialect: dialect.to_owned(),
        sha256: tape.sha256.clone(),
        ..TapeFacts::of(&tape.name, &tape.tape)
    }
}

fn class_facts(class: &classes::Class) -> ClassFacts {
    ClassFacts {
        id: class.id.to_owned(),
        name: class.name.to_owned(),
        title: class.title.to_owned(),
        reshape: class.kind == classes::Kind::Reshape,
        right: class.right.to_owned(),
    }
}

fn standing(class: &str, tape: &Prepared) -> Option<Standing> {
    let dialect = tape.dialect.map(Dialect::name).unwrap_or_default();
    let backing = classes::find(class)?.backing(dialect).ok()?;
    Some(backing.standing)
}

fn add_baseline(
    report: &mut Report,
    done: &Done,
    tape: &Prepared,
    baseline: &Baseline,
    repeat: &Repeat<'_, '_>,
) {
    let has = |code| baseline.findings.iter().any(|one| one.code == code);
    let state = match () {
        () if has(Code::BaselineFails) || baseline.unusable.is_some() => BaselineState::Fails,
        () if has(Code::BaselineVaries) => BaselineState::Varies,
        () if has(Code::BaselineDiffers) => BaselineState::Differs,
        () => BaselineState::Stable,
    };
    let plain = Scenario::plain();
    let sent = done.runner.sent(baseline.tape, &plain);
    let run = Played {
        tape: &tape.tape,
        sent: &sent,
        seen: &baseline.observation,
    };
    let new = report::Baseline::of(&tape.name, state, run);
    let example = |finding: &Finding| {
        let untouched = Finding {
            class: UNTOUCHED.to_owned(),
            ..finding.clone()
        };
        Example::new(untouched, repeat.line(finding, tape))
    };
    let found = baseline.findings.iter().map(example).collect();
    report.add_baseline(new, found);
}

/// How a finding is repeated.
struct Repeat<'a, 'io> {
    args: &'a CheckArgs,
    io: &'a Io<'io>,
    profile: Profile,
    tapes: u64,
}

impl Repeat<'_, '_> {
    /// The line that plays the smallest case.
    fn small(&self, small: &Small) -> String {
        let absolute = |path: &Path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            screen::quoted(&path)
        };
        let program = screen::quoted(self.io.program);
        let (tape, scenario) = (absolute(&small.files.tape), absolute(&small.files.scenario));
        let line = format!("{program} check {tape} --scenario {scenario}");
        self.client(line)
    }

    /// The line that plays the one case to the client again, from any folder.
    fn line(&self, finding: &Finding, tape: &Prepared) -> String {
        let client = &self.args.client;
        let path = std::path::absolute(&tape.name).unwrap_or_else(|_| (&tape.name).into());
        let mut line = format!(
            "{} check {}",
            screen::quoted(self.io.program),
            screen::quoted(&path)
        );
        if let Some(dialect) = self.args.dialect {
            line += &format!(" --dialect {}", dialect.name());
        }
        match (finding.place.case, &client.scenario) {
            (None, _) => line += " --profile plain",
            (Some(_), Some(file)) => {
                let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                line += &format!(" --scenario {}", screen::quoted(&file));
            }
            // The cases of a tape do not depend on the tapes beside it.
            (Some(number), None) => {
                let round = number / self.tapes;
                let (profile, seed) = (self.profile, self.args.seed);
                line += &format!(" --profile {profile} --seed {seed:#x} --case {round}");
            }
        }
        self.client(line)
    }

    /// Adds how the client is run.
    fn client(&self, mut line: String) -> String {
        let client = &self.args.client;
        for (flag, on) in [
            ("--worker", client.worker),
            ("--port-per-run", client.port_per_run),
            ("--recorded-pace", client.recorded_pace),
        ] {
            if on {
                line += " ";
                line += flag;
            }
        }
        if client.patience != super::PATIENCE {
            line += &format!(" --patience {}", client.patience.as_secs_f64());
        }
        line += " --";
        for part in &client.command {
            line += " ";
            line += &screen::quoted(Path::new(part));
        }
        line
    }
}
