//! How each figure was obtained.

use super::{Demo, forward};
use crate::screen::{count, duration, grouped};

/// Each column, and how its figures come about.
pub(super) fn how(demo: &Demo) -> Vec<(&'static str, String)> {
    let seeds = grouped(demo.seeds.into());
    let turns = demo
        .approaches
        .first()
        .map_or(0, |first| first.context.turns);
    vec![
        (
            "tool calls run as sent",
            format!(
                "The replay server sent the reply over HTTP under {seeds} seeds of profile {}, which keep its meaning:\n\
                 seen is what real traffic of the dialect does to chunks, framing and JSON. Of {} in each, so many\n\
                 ran with the arguments that the untouched reply has, compared as JSON.",
                demo.profile,
                count(demo.tool_calls, "call")
            ),
        ),
        (
            "text shown",
            "Characters shown in the same deliveries, of those that the untouched reply has."
                .into(),
        ),
        (
            "run otherwise under faults",
            format!(
                "The same with {seeds} seeds of profile faults: cut, reset, stalled, an error, a reason that forbids\n\
                 acting. So many calls ran with arguments that were not sent."
            ),
        ),
        (
            "chunk to shown text",
            format!(
                "Without a platform: by the real clock, from the return of a read to the callback with its text, for\n\
                 each piece of text. On a platform: by the delivery's own clock, from the moment its chunk is due to\n\
                 the call that {} accepted with it, each call taking {}. `never`: it could not be read there.",
                demo.platform,
                duration(forward::CALL_NS)
            ),
        ),
        (
            "refused by the platform",
            format!(
                "Calls that a sink refused which enforces {}'s documented limits, in virtual time, over the same\n\
                 {seeds} deliveries: too many, too long, not modified. `tail lost`: the end of the text could not be\n\
                 read there afterwards.",
                demo.platform
            ),
        ),
        (
            "requests over the window",
            format!(
                "A conversation of {turns} turns, each with this reply and some 8 kB for each tool result, sent to the\n\
                 replay server with a context window of {} tokens (o200k_base): requests it refused. The\n\
                 budget counts with the heuristic, not with the server's counter.",
                grouped(demo.window)
            ),
        ),
    ]
}
