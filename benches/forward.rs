//! Steps of the throttle per second, and a megabyte in pieces of one byte.
//!
//! Time is virtual: a delta each 20 ms, each call answered 100 ms after it left.
#![expect(clippy::expect_used, reason = "a bench may stop at once")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use wiretape_core::forward::{Action, Answer, Input, Options, Platform, Throttle};
use wiretape_core::{Machine, Moment};

const MILLISECOND: u64 = 1_000_000;
const PLATFORMS: [(&str, Platform); 4] = [
    ("telegram", Platform::Telegram),
    ("discord", Platform::Discord),
    ("slack_stream", Platform::SlackStream),
    ("teams", Platform::Teams),
];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    steps(&mut criterion);
    bytes(&mut criterion);
    criterion.final_summary();
}

/// Deltas of one to three tokens, about four letters each.
fn steps(criterion: &mut Criterion) {
    let reply = reply(64 << 10);
    let deltas: Vec<&str> = cut(&reply, &[4, 9, 5, 13, 7]);
    let mut group = criterion.benchmark_group("forward/steps");
    group.throughput(Throughput::Elements(deltas.len() as u64));
    for (name, platform) in PLATFORMS {
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || Throttle::new(platform.policy(), Options::default()),
                |throttle| black_box(forward(throttle, &deltas)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// The same rate at each size: work is linear in the text.
fn bytes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forward/one_byte_deltas");
    for (size, bytes) in [("64KiB", 64 << 10), ("1MiB", 1 << 20)] {
        let reply = reply(bytes);
        let deltas = cut(&reply, &[1]);
        group.throughput(Throughput::Bytes(reply.len() as u64));
        for (name, platform) in PLATFORMS {
            group.bench_function(BenchmarkId::new(name, size), |bench| {
                bench.iter_batched(
                    || Throttle::new(platform.policy(), Options::default()),
                    |throttle| black_box(forward(throttle, &deltas)),
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

/// Prose with a code block now and then, so many bytes.
fn reply(bytes: usize) -> String {
    let paragraph = "The forwarder shows what it has, waits when it is told to, and says the \
        **last** word exactly once; see [the manual](https://example.org/manual).\n\n\
        ```rust\nfn main() {\n    println!(\"{}\", 6 * 7);\n}\n```\n\n";
    paragraph.chars().cycle().take(bytes).collect()
}

fn cut<'a>(text: &'a str, sizes: &[usize]) -> Vec<&'a str> {
    let mut deltas = Vec::new();
    let mut rest = text;
    for size in sizes.iter().cycle() {
        let (delta, more) = rest.split_at_checked(*size).unwrap_or((rest, ""));
        deltas.push(delta);
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    deltas
}

/// Forwards all of it; the number of calls.
fn forward(mut throttle: Throttle, deltas: &[&str]) -> u64 {
    let mut chat = Chat::default();
    for delta in deltas {
        chat.run_until(&mut throttle, chat.now.after(20 * MILLISECOND));
        let said = throttle.handle(chat.now, Input::Text(delta));
        said.expect("text is taken");
        chat.drain(&mut throttle);
    }
    throttle
        .handle(chat.now, Input::End)
        .expect("the end is taken");
    chat.drain(&mut throttle);
    while !throttle.is_finished() {
        let next = chat.next(&throttle).expect("it comes to an end");
        chat.run_until(&mut throttle, next);
    }
    chat.calls
}

#[derive(Default)]
struct Chat {
    now: Moment,
    calls: u64,
    /// The call under way: when its answer comes, and which.
    answer: Option<(Moment, u64, bool)>,
}

impl Chat {
    fn next(&self, throttle: &Throttle) -> Option<Moment> {
        let answer = self.answer.map(|(at, ..)| at);
        answer.into_iter().chain(throttle.deadline()).min()
    }

    fn run_until(&mut self, throttle: &mut Throttle, until: Moment) {
        while let Some(next) = self.next(throttle).filter(|next| *next <= until) {
            self.now = self.now.max(next);
            if let Some((_, call, posts)) = self.answer.take_if(|(at, ..)| *at <= self.now) {
                let answer = if posts {
                    Answer::Posted {
                        message: call.to_string(),
                    }
                } else {
                    Answer::Done
                };
                let told = throttle.handle(self.now, Input::Answer { call, answer });
                told.expect("an answer is taken");
            } else {
                throttle.advance(self.now).expect("time passes");
            }
            self.drain(throttle);
        }
        self.now = self.now.max(until);
    }

    fn drain(&mut self, throttle: &mut Throttle) {
        while let Some(action) = throttle.poll() {
            let (call, posts) = match action {
                Action::Post { call, .. } => (call, true),
                Action::Edit { call, .. } | Action::Delete { call, .. } => (call, false),
                Action::StopModel | Action::Finished(_) => continue,
            };
            self.calls += 1;
            self.answer = Some((self.now.after(100 * MILLISECOND), call, posts));
        }
    }
}
