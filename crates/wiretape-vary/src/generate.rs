//! Scenarios from a seed: pieces that fit the subject.
//!
//! Each kind of piece draws from its own sub-stream, named after it, so that a new kind does not
//! change what the others do.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use crate::catalogue::permits_acting;
use crate::dialect::{Family, Kind};
use crate::json;
use crate::rewrite::lanes;
use crate::rng::{Ratio, Rng};
use crate::scenario::{
    Cutting, Ends, ErrorName, Escapes, LineEnd, Pace, Piece, Profile, Scenario, VERSION,
};
use crate::subject::{Fact, Subject};

/// How often a kind of piece that may be left out is there.
const HALF: Ratio = Ratio { n: 1, of: 2 };
const THIRD: Ratio = Ratio { n: 1, of: 3 };

/// How a fault may end the body.
const ENDS: [EndKind; 4] = [
    EndKind::Complete,
    EndKind::Unterminated,
    EndKind::Reset,
    EndKind::Timeout,
];

/// Texts for what is put in: plain, wide, and such as look like something else.
const TEXTS: [&str; 6] = [
    "wiretape",
    "",
    "OPENROUTER PROCESSING",
    "data: {\"not\":\"data\"}",
    "\u{65e5}\u{672c}\u{8a9e} \u{1f600} e\u{301}",
    "a\u{2028}b \" \\ }]",
];

/// A scenario in the making.
struct Draw<'a> {
    seed: u64,
    subject: &'a Subject,
    pieces: Vec<Piece>,
    /// Blocks that another takes in.
    merged: Vec<usize>,
    /// There will be a fault.
    faulty: bool,
}

pub(crate) fn generate(seed: u64, profile: Profile, subject: &Subject) -> Scenario {
    let often = Rng::new(seed, "fault or not").chance(HALF);
    let mut draw = Draw {
        seed,
        subject,
        pieces: Vec::new(),
        merged: Vec::new(),
        faulty: profile == Profile::Fault || (profile == Profile::All && often),
    };
    let all = matches!(profile, Profile::Reshape | Profile::All);
    if all || profile == Profile::Dialect {
        draw.dialect();
    }
    if all || profile == Profile::Framing {
        draw.framing();
    }
    if draw.faulty {
        draw.fault();
    }
    if all || profile == Profile::Wire {
        draw.rechunk();
        draw.pace();
    }
    Scenario {
        version: VERSION,
        seed,
        profile,
        pieces: draw.pieces,
    }
}

impl Draw<'_> {
    fn rng(&self, name: &str) -> Rng {
        Rng::new(self.seed, name)
    }

    /// The numbers of the blocks whose facts fit.
    fn blocks(&self, fits: impl Fn(&Fact) -> bool) -> Vec<usize> {
        let facts = self.subject.facts.iter().enumerate();
        let facts = facts.filter(|(block, fact)| fits(fact) && !self.merged.contains(block));
        facts.map(|(block, _)| block).collect()
    }

    fn dialect(&mut self) {
        let Some(family) = self.subject.family else {
            return;
        };
        self.merge_deltas();
        self.split_delta();
        self.split_surrogate();
        self.interleave(family);
        self.payloads();
        let mut rng = self.rng("unknown_event");
        if let (true, Some((first, last))) = (rng.chance(THIRD), self.subject.inside()) {
            let before_block = rng.size(first, last);
            self.pieces.push(Piece::UnknownEvent { before_block });
        }
    }

    fn merge_deltas(&mut self) {
        let mut rng = self.rng("merge_deltas");
        let facts = &self.subject.facts;
        let next = |block: usize| facts.get(block + 1).is_some_and(|fact| fact.site);
        let mut blocks = self.blocks(|fact| fact.site);
        blocks.retain(|&block| next(block));
        for _ in 0..rng.within(0, 3) {
            if let Some(&block) = rng.pick(&blocks) {
                self.pieces.push(Piece::MergeDeltas { block });
                // The one after it is gone now.
                self.merged.push(block + 1);
                blocks.retain(|&other| other.abs_diff(block) > 1);
            }
        }
    }

    fn split_delta(&mut self) {
        let mut rng = self.rng("split_delta");
        let plain = self.blocks(|fact| !fact.cuts.plain.is_empty());
        let inner = self.blocks(|fact| !fact.cuts.inner.is_empty());
        for _ in 0..rng.within(1, 4) {
            // Escapes are rare, and where readers fail.
            let rare = rng.chance(HALF) && !inner.is_empty();
            let Some(&block) = rng.pick(if rare { &inner } else { &plain }) else {
                return;
            };
            let Some(fact) = self.subject.facts.get(block) else {
                continue;
            };
            let places = if rare {
                &fact.cuts.inner
            } else {
                &fact.cuts.plain
            };
            if let Some(&at) = rng.pick(places) {
                self.pieces.push(Piece::SplitDelta { block, at });
            }
        }
    }

    fn split_surrogate(&mut self) {
        let mut rng = self.rng("split_surrogate");
        let blocks = self.blocks(|fact| !fact.cuts.pairs.is_empty());
        if !rng.chance(HALF) {
            return;
        }
        if let Some(&block) = rng.pick(&blocks) {
            let fact = self.subject.facts.get(block);
            if let Some(&at) = fact.and_then(|fact| rng.pick(&fact.cuts.pairs)) {
                self.pieces.push(Piece::SplitSurrogate { block, at });
            }
        }
    }

    fn interleave(&mut self, family: Family) {
        let mut rng = self.rng("interleave");
        let places = lanes(self.subject.blocks(), family);
        // Of an interleaved reply that stops early, the text is no prefix of the whole text.
        if places.is_empty() || self.faulty || !rng.chance(HALF) {
            return;
        }
        // A shuffle: each event's lane, in any order. The lanes' own order is kept by applying it.
        let mut order: Vec<usize> = places.iter().map(|&(_, lane)| lane).collect();
        for place in (1..order.len()).rev() {
            let other = rng.size(0, place);
            order.swap(place, other);
        }
        self.pieces.push(Piece::Interleave { order });
    }

    /// Pieces that rewrite one payload.
    fn payloads(&mut self) {
        let objects = self.blocks(|fact| fact.object);
        let mut rng = self.rng("unknown_field");
        for _ in 0..rng.within(0, 2) {
            if let Some(&block) = rng.pick(&objects) {
                let first = rng.chance(HALF);
                let value = text(&mut rng);
                self.pieces.push(Piece::UnknownField {
                    block,
                    first,
                    value,
                });
            }
        }
        let mut rng = self.rng("json_whitespace");
        for _ in 0..rng.within(0, 2) {
            if let Some(&block) = rng.pick(&objects) {
                let spaces = u8::try_from(rng.within(1, 3)).unwrap_or(1);
                self.pieces.push(Piece::JsonWhitespace { block, spaces });
            }
        }
        let mut rng = self.rng("json_escapes");
        for _ in 0..rng.within(0, 2) {
            if let Some(&block) = rng.pick(&objects) {
                let all = rng.chance(HALF);
                let which = if all { Escapes::All } else { Escapes::NonAscii };
                let keys = rng.chance(THIRD);
                self.pieces.push(Piece::JsonEscapes { block, which, keys });
            }
        }
    }

    fn framing(&mut self) {
        if !self.subject.is_event_stream() {
            return;
        }
        self.line_ends();
        if self.rng("bom").chance(THIRD) && !self.body_has_bom() {
            self.pieces.push(Piece::Bom);
        }
        let blocks = self.subject.blocks();
        let complete = blocks.last().is_some_and(|last| last.is_complete());
        let last = if complete {
            blocks.len()
        } else {
            blocks.len().saturating_sub(1)
        };
        let mut rng = self.rng("comment");
        for _ in 0..rng.within(0, 3) {
            let before_block = rng.size(0, last);
            let text = text(&mut rng);
            self.pieces.push(Piece::Comment { before_block, text });
        }
        let mut rng = self.rng("ping");
        if let (Some((first, last)), Some(_)) = (self.subject.inside(), self.subject.family) {
            for _ in 0..rng.within(0, 3) {
                let before_block = rng.size(first, last);
                self.pieces.push(Piece::Ping { before_block });
            }
        }
        let mut rng = self.rng("data_spacing");
        if rng.chance(HALF) {
            let space = rng.chance(THIRD);
            self.pieces.push(Piece::DataSpacing { space });
        }
        self.fields(last);
    }

    fn body_has_bom(&self) -> bool {
        self.subject
            .stream
            .as_ref()
            .is_some_and(|stream| stream.bom)
    }

    fn line_ends(&mut self) {
        let mut rng = self.rng("line_ends");
        let ends = match rng.within(0, 5) {
            0 => Ends::Lf,
            1 => Ends::CrLf,
            2 => Ends::Cr,
            3 => {
                let each = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr];
                let count = rng.within(2, 7);
                let order = (0..count).filter_map(|_| rng.pick(&each).copied());
                Ends::Mixed(order.collect())
            }
            _ => return,
        };
        self.pieces.push(Piece::LineEnds { ends });
    }

    /// Pieces that add fields to a block, or spread one over lines.
    fn fields(&mut self, last: usize) {
        let mut whole = self.blocks(|_| true);
        whole.retain(|&block| block < last);
        let mut rng = self.rng("unknown_sse_field");
        if let (true, Some(&block)) = (rng.chance(THIRD), rng.pick(&whole)) {
            let value = text(&mut rng);
            let name = "x-wiretape".to_string();
            self.pieces
                .push(Piece::UnknownSseField { block, name, value });
        }
        let mut rng = self.rng("id_field");
        if let (true, Some(&block)) = (rng.chance(THIRD), rng.pick(&whole)) {
            let id = format!("{}", rng.within(0, 9));
            self.pieces.push(Piece::IdField { block, id });
        }
        let mut rng = self.rng("multi_data");
        let broken = self.blocks(|fact| fact.gaps > 0);
        for _ in 0..rng.within(0, 2) {
            if let Some(&block) = rng.pick(&broken) {
                let gaps = self.subject.facts.get(block).map_or(0, |fact| fact.gaps);
                let gap = rng.size(0, gaps.saturating_sub(1));
                self.pieces.push(Piece::MultiData { block, gap });
            }
        }
    }

    fn rechunk(&mut self) {
        let mut rng = self.rng("rechunk");
        let last = self.subject.body.len().saturating_sub(1);
        let wide = !self.subject.body.is_ascii();
        let ends = |piece: &Piece| matches!(piece, Piece::LineEnds { ends } if *ends != Ends::Lf);
        let returns = self.pieces.iter().any(ends) || self.subject.body.contains(&b'\r');
        let cut = match rng.within(0, 8) {
            0 | 1 => Cutting::Bytes1,
            2 => Cutting::Every(rng.size(2, 16)),
            3 => Cutting::Every(rng.size(17, 2000)),
            4 => {
                let count = rng.within(1, 8);
                let mut offsets: Vec<usize> = (0..count).map(|_| rng.size(1, last)).collect();
                offsets.sort_unstable();
                offsets.dedup();
                Cutting::At(offsets)
            }
            5 if wide => Cutting::InsideUtf8,
            6 if returns => Cutting::BetweenCrLf,
            5 | 6 => Cutting::Bytes1,
            7 => Cutting::Merge(rng.size(2, 8)),
            _ => Cutting::Whole,
        };
        self.pieces.push(Piece::Rechunk { cut });
    }

    fn pace(&mut self) {
        let mut rng = self.rng("pace");
        let pace = match rng.within(0, 3) {
            0 => Pace::Instant,
            1 => Pace::Speed {
                n: u32::try_from(rng.within(1, 10)).unwrap_or(1),
                of: u32::try_from(rng.within(1, 10)).unwrap_or(1),
            },
            _ => return,
        };
        self.pieces.push(Piece::Pace { pace });
    }

    fn fault(&mut self) {
        let mut rng = self.rng("fault");
        let kind = rng.within(0, 5);
        let blocks = self.subject.blocks();
        let terminal = blocks.iter().position(|block| block.kind == Kind::Terminal);
        let finish = blocks.iter().any(|block| block.kind == Kind::Finish);
        let piece = match (kind, self.subject.family) {
            (1, Some(_)) => self.error_event(&mut rng, terminal),
            (2, Some(family)) if finish => self.finish_reason(&mut rng, family),
            (3, Some(_)) if terminal.is_some() => Piece::DropTerminal {
                finish: rng.chance(HALF),
            },
            (4, Some(_)) if terminal.is_some() => Piece::DoubleTerminal,
            _ => {
                let Some(last) = self.subject.body.len().checked_sub(1) else {
                    return;
                };
                let at = rng.size(0, last);
                let end = rng.pick(&ENDS).copied().unwrap_or(EndKind::Reset);
                Piece::Cut { at, end }
            }
        };
        self.pieces.push(piece);
    }

    fn error_event(&self, rng: &mut Rng, terminal: Option<usize>) -> Piece {
        let names = [
            ErrorName::ApiError,
            ErrorName::Overloaded,
            ErrorName::RateLimit,
        ];
        let count = self.subject.block_count();
        let before_block = rng.size(0, terminal.unwrap_or_else(|| count.saturating_sub(1)));
        let error = rng.pick(&names).copied().unwrap_or(ErrorName::ApiError);
        let ends = rng.chance(Ratio { n: 3, of: 4 });
        let then = rng.pick(&ENDS).copied().filter(|_| ends);
        Piece::ErrorEvent {
            before_block,
            error,
            then,
        }
    }

    /// Another reason than the recorded one. A message that was not to be acted upon does not get
    /// a reason that says it may: no reader could tell.
    fn finish_reason(&self, rng: &mut Rng, family: Family) -> Piece {
        let mut recorded = vec![];
        let blocks = self.subject.blocks().iter();
        for payload in blocks.filter_map(|block| block.payload()) {
            for span in family.reasons(payload) {
                let body = json::string(payload, &span).unwrap_or_default();
                recorded.push(String::from_utf8_lossy(json::part(payload, body)).into_owned());
            }
        }
        let acting = recorded.iter().all(|reason| permits_acting(reason));
        let fits = |name: &&str| {
            !recorded.iter().any(|reason| reason == name) && (acting || !permits_acting(name))
        };
        let names: Vec<&str> = family.reason_names().iter().copied().filter(fits).collect();
        let reason = rng
            .pick(&names)
            .copied()
            .unwrap_or("x_wiretape")
            .to_string();
        Piece::FinishReason { reason }
    }
}

fn text(rng: &mut Rng) -> String {
    rng.pick(&TEXTS).copied().unwrap_or_default().to_string()
}
