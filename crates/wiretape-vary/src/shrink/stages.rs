//! What is made smaller, one thing after the other.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::ops::Range;

use super::Trial;
use super::fields::Simpler;
use super::halving::Halving;
use super::simpler::forms;
use crate::scenario::{Cutting, Piece};

/// Stages that change the scenario alone: the first ones.
pub(super) const OF_SCENARIO: usize = 6;

/// All stages.
pub(super) const COUNT: usize = 10;

/// More places of cuts than this are not listed one by one.
const CUTS_MAX: usize = 1 << 16;

/// One way of making a trial smaller.
pub(super) trait Stage: Debug + Send + Sync {
    /// The next smaller trial; `None`: there is none.
    fn next(&mut self, best: &Trial) -> Option<Trial>;
    /// Whether the last one holds, so that it is the best.
    fn answer(&mut self, held: bool);
}

pub(super) fn stage(number: usize) -> Option<Box<dyn Stage>> {
    Some(match number {
        0 => Box::new(Idle::default()),
        1 => Box::new(Pieces::default()),
        2 => Box::new(Retries::default()),
        3 => Box::new(Cuts::default()),
        4 => Box::new(Forms::default()),
        5 => Box::new(Fields::default()),
        6 => Box::new(Exchanges::default()),
        7 => Box::new(Lanes::default()),
        8 => Box::new(Blocks::default()),
        9 => Box::new(Texts::default()),
        _ => return None,
    })
}

/// A stage without trials.
pub(super) fn none() -> Box<dyn Stage> {
    Box::new(Nothing)
}

#[derive(Debug)]
struct Nothing;

impl Stage for Nothing {
    fn next(&mut self, _: &Trial) -> Option<Trial> {
        None
    }

    fn answer(&mut self, _: bool) {}
}

/// Leaves out the pieces that do nothing, and says which exchange is changed.
#[derive(Debug, Default)]
struct Idle {
    step: usize,
}

impl Stage for Idle {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        let mut trial = best.clone();
        if self.step == 0 {
            let mut skipped: Option<Vec<usize>> = None;
            for exchange in 0..best.exchanges.len() {
                let changed = best.scenario.exchange;
                if changed.is_some_and(|changed| changed != exchange) {
                    continue;
                }
                let script = best.scripts(exchange);
                let here = script.first().map_or(&[][..], |script| &script.skipped);
                let here = here.iter().map(|(number, _)| *number);
                skipped = Some(match skipped {
                    None => here.collect(),
                    Some(all) => {
                        let here: Vec<usize> = here.collect();
                        all.into_iter()
                            .filter(|number| here.contains(number))
                            .collect()
                    }
                });
            }
            let skipped = skipped.filter(|skipped| !skipped.is_empty());
            if let Some(skipped) = skipped {
                let mut number = 0;
                trial.scenario.pieces.retain(|_| {
                    let stays = !skipped.contains(&number);
                    number += 1;
                    stays
                });
                return Some(trial);
            }
            self.step = 1;
        }
        let exchange = self.step - 1;
        if best.scenario.exchange.is_some() || best.exchanges.len() <= exchange {
            return None;
        }
        trial.scenario.exchange = Some(exchange);
        Some(trial)
    }

    fn answer(&mut self, held: bool) {
        if !held || self.step > 0 {
            self.step += 1;
        }
    }
}

/// Fewer pieces.
#[derive(Debug, Default)]
struct Pieces {
    halving: Option<Halving>,
}

impl Stage for Pieces {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        let len = best.scenario.pieces.len();
        // One stays: without any it is the untouched tape.
        let least = usize::from(best.scenario.retries.is_none()).min(len);
        let halving = self.halving.get_or_insert_with(|| Halving::new(len, least));
        let range = halving.next(len)?;
        let mut trial = best.clone();
        trial.scenario.pieces.drain(range);
        Some(trial)
    }

    fn answer(&mut self, held: bool) {
        if let Some(halving) = &mut self.halving {
            halving.answer(held);
        }
    }
}

/// The same for every attempt; else fewer pieces for those after the first.
#[derive(Debug, Default)]
struct Retries {
    asked: bool,
    halving: Option<Halving>,
}

impl Stage for Retries {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        let len = best.scenario.retries.as_ref()?.len();
        let mut trial = best.clone();
        if !self.asked {
            self.asked = true;
            trial.scenario.retries = None;
            return Some(trial);
        }
        let halving = self.halving.get_or_insert_with(|| Halving::new(len, 0));
        let range = halving.next(len)?;
        trial.scenario.retries.as_mut()?.drain(range);
        Some(trial)
    }

    fn answer(&mut self, held: bool) {
        if let Some(halving) = &mut self.halving {
            halving.answer(held);
        }
    }
}

/// Fewer places at which the bytes are cut, by name: one cut says more than cuts everywhere.
#[derive(Debug, Default)]
struct Cuts {
    /// Where the best trial's chunks end, and the piece that says so.
    places: Option<(usize, Vec<usize>)>,
    halving: Option<Halving>,
    range: Range<usize>,
}

impl Stage for Cuts {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        if self.places.is_none() {
            self.places = Some(places(best)?);
        }
        let (piece, places) = self.places.as_ref()?;
        let len = places.len();
        let halving = self.halving.get_or_insert_with(|| Halving::new(len, 0));
        self.range = halving.next(len)?;
        let mut trial = best.clone();
        let mut left = places.clone();
        left.drain(self.range.clone());
        let cut = if left.is_empty() {
            Cutting::Whole
        } else {
            Cutting::At(left)
        };
        *trial.scenario.pieces.get_mut(*piece)? = Piece::Rechunk { cut };
        Some(trial)
    }

    fn answer(&mut self, held: bool) {
        if let (Some((_, places)), true) = (&mut self.places, held) {
            places.drain(self.range.clone());
        }
        if let Some(halving) = &mut self.halving {
            halving.answer(held);
        }
    }
}

/// The piece that cuts, and where: inside the body, of one exchange.
fn places(best: &Trial) -> Option<(usize, Vec<usize>)> {
    let mut pieces = best.scenario.pieces.iter();
    let piece = pieces.position(|piece| matches!(piece, Piece::Rechunk { .. }))?;
    let script = best
        .scripts(best.scenario.exchange.unwrap_or(0))
        .into_iter()
        .next()?;
    let mut end = 0;
    let mut places: Vec<usize> = script
        .steps()
        .map(|step| {
            end += step.bytes.len();
            end
        })
        .collect();
    places.retain(|place| 0 < *place && *place < end);
    places.dedup();
    (!places.is_empty() && places.len() <= CUTS_MAX).then_some((piece, places))
}

/// The forms of pieces that are simpler in kind, each one step.
#[derive(Debug, Default)]
struct Forms {
    piece: usize,
    form: usize,
}

impl Stage for Forms {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        loop {
            let piece = best.scenario.pieces.get(self.piece)?;
            // Cuts have a stage of their own.
            let cuts = matches!(piece, Piece::Rechunk { .. });
            let mut forms = forms(piece).into_iter().filter(|_| !cuts);
            let Some(form) = forms.nth(self.form) else {
                self.piece += 1;
                self.form = 0;
                continue;
            };
            let mut trial = best.clone();
            *trial.scenario.pieces.get_mut(self.piece)? = form;
            return Some(trial);
        }
    }

    fn answer(&mut self, held: bool) {
        self.form = if held { 0 } else { self.form + 1 };
    }
}

/// Smaller numbers, shorter lists and texts.
#[derive(Debug, Default)]
struct Fields {
    piece: usize,
    simpler: Option<Simpler>,
}

impl Stage for Fields {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        loop {
            let piece = best.scenario.pieces.get(self.piece)?;
            let cuts = matches!(piece, Piece::Rechunk { .. });
            let simpler = self.simpler.get_or_insert_with(Simpler::new);
            match simpler.next(piece).filter(|_| !cuts) {
                Some(form) => {
                    let mut trial = best.clone();
                    *trial.scenario.pieces.get_mut(self.piece)? = form;
                    return Some(trial);
                }
                None => {
                    self.piece += 1;
                    self.simpler = None;
                }
            }
        }
    }

    fn answer(&mut self, held: bool) {
        if let Some(simpler) = &mut self.simpler {
            simpler.answer(held);
        }
    }
}

/// Fewer exchanges: one after the other, the last first.
#[derive(Debug, Default)]
struct Exchanges {
    /// How many from the end on were tried.
    kept: usize,
}

impl Stage for Exchanges {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        loop {
            let exchange = best.exchanges.len().checked_sub(self.kept + 1)?;
            match best.without(exchange) {
                Some(trial) => return Some(trial),
                None => self.kept += 1,
            }
        }
    }

    fn answer(&mut self, held: bool) {
        if !held {
            self.kept += 1;
        }
    }
}

/// The exchanges, the one that is changed first.
fn exchange_of(best: &Trial, number: usize) -> Option<usize> {
    let changed = best.scenario.exchange.unwrap_or(0);
    if best.exchanges.len() <= number {
        return None;
    }
    Some(match number {
        0 => changed,
        number if number <= changed => number - 1,
        number => number,
    })
}

/// Fewer calls and blocks of content.
#[derive(Debug, Default)]
struct Lanes {
    exchange: usize,
    kept: usize,
}

impl Stage for Lanes {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        loop {
            let exchange = exchange_of(best, self.exchange)?;
            let lanes = best.lanes(exchange);
            let Some(lane) = lanes.get(self.kept).filter(|_| lanes.len() > 1) else {
                self.exchange += 1;
                self.kept = 0;
                continue;
            };
            match best.without_blocks(exchange, lane) {
                Some(trial) => return Some(trial),
                None => self.kept += 1,
            }
        }
    }

    fn answer(&mut self, held: bool) {
        if !held {
            self.kept += 1;
        }
    }
}

/// Fewer events.
#[derive(Debug, Default)]
struct Blocks {
    exchange: usize,
    halving: Option<Halving>,
}

impl Stage for Blocks {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        loop {
            let exchange = exchange_of(best, self.exchange)?;
            let spare = best.spare(exchange);
            let halving = self
                .halving
                .get_or_insert_with(|| Halving::once(spare.len(), 0));
            let Some(range) = halving.next(spare.len()) else {
                self.exchange += 1;
                self.halving = None;
                continue;
            };
            let gone = spare.get(range).unwrap_or(&[]);
            match best.without_blocks(exchange, gone) {
                Some(trial) => return Some(trial),
                None => halving.answer(false),
            }
        }
    }

    fn answer(&mut self, held: bool) {
        if let Some(halving) = &mut self.halving {
            halving.answer(held);
        }
    }
}

/// Shorter texts: as little of each as goes, then a half.
#[derive(Debug, Default)]
struct Texts {
    exchange: usize,
    text: usize,
    half: bool,
}

impl Stage for Texts {
    fn next(&mut self, best: &Trial) -> Option<Trial> {
        loop {
            let exchange = exchange_of(best, self.exchange)?;
            let texts = best.texts(exchange);
            let Some(block) = texts.get(self.text) else {
                self.exchange += 1;
                self.text = 0;
                self.half = false;
                continue;
            };
            let part = if self.half { (1, 2) } else { (0, 1) };
            match best.with_shorter(exchange, *block, part) {
                Some(trial) => return Some(trial),
                None => self.answer(false),
            }
        }
    }

    fn answer(&mut self, held: bool) {
        if self.half && !held || !self.half && held {
            self.half = false;
            self.text += 1;
        } else {
            self.half = true;
        }
    }
}
