//! What the README quotes of the framing: MB/s of all contenders in turn, and the ratios.
#![expect(clippy::expect_used, reason = "a bench may stop at once")]

mod floors;
mod framers;
mod race;

use benches::Buffer;
use floors::FLOORS;
use framers::FRAMERS;
use race::{Round, race, ratio, speed, table};

fn main() {
    race::main(&[floor, framing]);
}

fn floor(buffer: &Buffer) {
    let rounds: Vec<Round<'_>> = FLOORS
        .iter()
        .map(|&(_, floor)| Box::new(move || floors::check(floor, buffer)) as Round<'_>)
        .collect();
    println!("\n**Floor, {}**, MB/s\n", buffer.name);
    for ((name, _), best) in FLOORS.iter().zip(race(&rounds)) {
        println!("- {name}: {}", speed(buffer.whole.len(), Some(best)));
    }
}

fn framing(buffer: &Buffer) {
    let names = FRAMERS.map(|(name, _)| name);
    let title = format!(
        "Framing, {}** ({} bytes, {} events",
        buffer.name,
        buffer.whole.len(),
        buffer.events
    );
    let ours = table(
        &title,
        "faster of sse-core, sse-stream",
        &names,
        3,
        buffer,
        |chunk| {
            let here = FRAMERS
                .iter()
                .filter(|(name, _)| !framers::is_too_slow(name, chunk));
            let rounds = here.map(|&(_, framer)| {
                Box::new(move || framers::check(framer, buffer, chunk)) as Round<'_>
            });
            race(&rounds.collect::<Vec<_>>())
        },
    );
    let of = |wanted: &str| {
        ours.iter()
            .find(|(size, _)| *size == wanted)
            .map_or(0, |row| row.1)
    };
    println!(
        "\nours, time per byte: whole / 1460 = {}",
        ratio(of("whole"), of("1460"))
    );
}
