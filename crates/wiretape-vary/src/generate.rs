//! Scenarios from a seed: pieces that fit the subject.
//!
//! Each kind of piece draws from its own sub-stream, named after it, so that a new kind does not
//! change what the others do. Where one of several kinds is chosen, a new kind takes over some seeds
//! and leaves the others as they were: see [`chosen`].
//!
//! What is drawn fits: no piece of a generated scenario is skipped, but for a cutting of what a fault
//! has left of the body.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use crate::catalogue::{Standing, permits_acting};
use crate::classes;
use crate::dialect::Kind;
use crate::fault::drops;
use crate::json;
use crate::parameters::Blanks;
use crate::rewrite::arranged;
use crate::rng::{Ratio, Rng};
use crate::scenario::{
    Cutting, Ends, ErrorName, Escapes, LineEnd, Pace, Piece, Profile, Scenario, VERSION,
};
use crate::subject::{Fact, Subject};

/// How often a kind of piece that may be left out is there.
const HALF: Ratio = Ratio { n: 1, of: 2 };
const THIRD: Ratio = Ratio { n: 1, of: 3 };

/// How a fault may end the body: what a server can do to its client. The other kinds are what a
/// recorder saw of a client, or of a server behind the server; a scenario may name them.
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
    fault: Option<Piece>,
    /// Blocks that another takes in, or that the fault takes away.
    gone: Vec<usize>,
    /// Only what was seen in the dialect's traffic.
    seen: bool,
}

/// A kind of which one is chosen: its name, how often it is to be chosen, whether it fits, and what
/// draws its particulars.
type Choice<'a, T> = (&'static str, u32, bool, fn(&Draw<'a>, &mut Rng) -> T);

pub(crate) fn generate(seed: u64, profile: Profile, subject: &Subject) -> Scenario {
    if matches!(profile, Profile::Quirks | Profile::Hostile) {
        return of_catalogue(seed, profile, subject);
    }
    let mut draw = Draw {
        seed,
        subject,
        pieces: Vec::new(),
        fault: None,
        gone: Vec::new(),
        seen: matches!(profile, Profile::Seen | Profile::SeenReshapes),
    };
    let both = matches!(profile, Profile::All | Profile::Seen);
    let all = both || matches!(profile, Profile::Lawful | Profile::SeenReshapes);
    let often = || Rng::new(seed, "fault or not").chance(HALF);
    if profile == Profile::Faults || (both && often()) {
        draw.fault();
    }
    if all || profile == Profile::Dialect {
        draw.dialect();
    }
    if all || profile == Profile::Framing {
        draw.framing();
    }
    let fault = draw.fault.take();
    draw.pieces.extend(fault);
    if all || profile == Profile::Wire {
        draw.rechunk();
        draw.pace();
    }
    Scenario {
        version: VERSION,
        seed,
        profile,
        exchange: None,
        pieces: draw.pieces,
        retries: None,
    }
}

/// A case of one of the profile's classes; without pieces where none fits.
fn of_catalogue(seed: u64, profile: Profile, subject: &Subject) -> Scenario {
    let mut scenario = Scenario {
        seed,
        profile,
        ..Scenario::plain()
    };
    let all = classes::all();
    let mut fitting: Vec<bool> = all
        .iter()
        .map(|class| class.in_profile(profile, subject.name()))
        .collect();
    loop {
        let kinds = all.iter().zip(&fitting);
        let kinds = kinds.map(|(class, fits)| (class.name, 1, *fits));
        let Some(place) = chosen(seed, "catalogue", kinds) else {
            return scenario;
        };
        let drawn = all
            .get(place)
            .map(|class| class.draw_in(seed, profile, subject));
        if let Some(Ok(pieces)) = drawn {
            scenario.pieces = pieces;
            return scenario;
        }
        if let Some(fits) = fitting.get_mut(place) {
            *fits = false;
        }
    }
}

impl<'a> Draw<'a> {
    fn rng(&self, name: &str) -> Rng {
        Rng::new(self.seed, name)
    }

    /// One of the kinds that fit, by [`chosen`].
    fn choose<T>(&self, concern: &str, kinds: &[Choice<'a, T>]) -> Option<T> {
        let weights = kinds.iter().map(|kind| (kind.0, kind.1, kind.2));
        let place = chosen(self.seed, concern, weights)?;
        let (name, _, _, draw) = kinds.get(place)?;
        Some(draw(self, &mut self.rng(name)))
    }

    /// The profile has pieces like this one.
    fn has(&self, piece: &Piece) -> bool {
        !self.seen || piece.backing_in(self.subject.family).standing == Standing::Seen
    }

    /// Takes the piece, where the profile has pieces like it.
    fn add(&mut self, piece: Piece) -> bool {
        let has = self.has(&piece);
        if has {
            self.pieces.push(piece);
        }
        has
    }

    /// The numbers of the blocks whose facts fit.
    fn blocks(&self, fits: impl Fn(&Fact) -> bool) -> Vec<usize> {
        let facts = self.subject.facts.iter().enumerate();
        let facts = facts.filter(|(block, fact)| fits(fact) && !self.gone.contains(block));
        facts.map(|(block, _)| block).collect()
    }

    fn dialect(&mut self) {
        if self.subject.family.is_none() {
            return;
        }
        self.merge_deltas();
        self.split_delta();
        self.split_surrogate();
        self.interleave();
        self.payloads();
        let mut rng = self.rng("unknown_event");
        if let (true, Some((first, last))) = (rng.chance(THIRD), self.subject.inside()) {
            let before_block = rng.size(first, last);
            self.add(Piece::UnknownEvent { before_block });
        }
    }

    fn merge_deltas(&mut self) {
        let mut rng = self.rng("merge_deltas");
        let mut blocks = self.blocks(|fact| fact.joins);
        for _ in 0..rng.within(0, 3) {
            if let Some(&block) = rng.pick(&blocks) {
                if self.add(Piece::MergeDeltas { block }) {
                    self.gone.push(block + 1);
                }
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
                let piece = Piece::SplitDelta { block, at };
                if !self.pieces.contains(&piece) {
                    self.add(piece);
                }
            }
        }
    }

    fn split_surrogate(&mut self) {
        let mut rng = self.rng("split_surrogate");
        if !rng.chance(HALF) {
            return;
        }
        let blocks = self.blocks(|fact| !fact.cuts.pairs.is_empty());
        if let Some(&block) = rng.pick(&blocks) {
            let fact = self.subject.facts.get(block);
            if let Some(&at) = fact.and_then(|fact| rng.pick(&fact.cuts.pairs)) {
                self.add(Piece::SplitSurrogate { block, at });
            }
        }
    }

    fn interleave(&mut self) {
        let mut rng = self.rng("interleave");
        // Of an interleaved reply that stops early, the text is no prefix of the whole text.
        if self.subject.lanes.is_empty() || self.fault.is_some() || !rng.chance(HALF) {
            return;
        }
        let order = interleaving(&mut rng, self.subject, |block| {
            let splits = self.pieces.iter().filter(|piece| {
                let split = matches!(piece, Piece::SplitDelta { block: at, .. } if *at == block);
                let halved =
                    matches!(piece, Piece::SplitSurrogate { block: at, .. } if *at == block);
                split || halved
            });
            let gone = self.gone.contains(&block);
            if gone { 0 } else { 1 + splits.count() }
        });
        if let Some(order) = order {
            self.add(Piece::Interleave { order });
        }
    }

    /// Pieces that rewrite one payload.
    fn payloads(&mut self) {
        let mut rng = self.rng("unknown_field");
        let mut blocks = self.blocks(|fact| fact.object);
        for _ in 0..rng.within(0, 2) {
            if let Some(block) = take(&mut rng, &mut blocks) {
                let first = rng.chance(HALF);
                let value = text(&mut rng);
                self.add(Piece::UnknownField {
                    block,
                    first,
                    value,
                });
            }
        }
        let mut rng = self.rng("json_whitespace");
        let mut blocks = self.blocks(|fact| fact.spaces);
        for _ in 0..rng.within(0, 2) {
            if let Some(block) = take(&mut rng, &mut blocks) {
                let spaces = u8::try_from(rng.within(1, 3)).unwrap_or(1);
                self.add(Piece::JsonWhitespace { block, spaces });
            }
        }
        let mut rng = self.rng("json_escapes");
        let mut wide = self.blocks(|fact| fact.wide);
        // Its wide character may be the only one.
        let halved = |block: usize| {
            let pieces = self.pieces.iter();
            let mut halved = pieces.filter_map(|piece| match piece {
                Piece::SplitSurrogate { block, .. } => Some(*block),
                _ => None,
            });
            halved.any(|other| other == block)
        };
        wide.retain(|&block| !halved(block));
        let mut any = self.blocks(|fact| fact.letters);
        for _ in 0..rng.within(0, 2) {
            let all = rng.chance(HALF) || wide.is_empty();
            let keys = rng.chance(THIRD);
            let blocks = if all { &mut any } else { &mut wide };
            let which = if all { Escapes::All } else { Escapes::NonAscii };
            if let Some(block) = take(&mut rng, blocks) {
                any.retain(|&other| other != block);
                wide.retain(|&other| other != block);
                self.add(Piece::JsonEscapes { block, which, keys });
            }
        }
    }

    fn framing(&mut self) {
        if !self.subject.is_event_stream() {
            self.other_framing();
            return;
        }
        self.line_ends();
        if self.rng("bom").chance(THIRD) && !self.body_has_bom() {
            self.add(Piece::Bom {});
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
            self.add(Piece::Comment { before_block, text });
        }
        let mut rng = self.rng("ping");
        let pings = self
            .subject
            .family
            .is_some_and(|family| !family.rules().ping.is_empty());
        if let (Some((first, last)), true) = (self.subject.inside(), pings) {
            for _ in 0..rng.within(0, 3) {
                let before_block = rng.size(first, last);
                self.add(Piece::Ping { before_block });
            }
        }
        let mut rng = self.rng("data_spacing");
        let seen = self.subject.seen;
        if rng.chance(HALF) && (seen.spaced || seen.tight) {
            let space = seen.tight && (rng.chance(THIRD) || !seen.spaced);
            self.add(Piece::DataSpacing { space });
        }
        self.fields(last);
    }

    /// Pieces of framings that are not server-sent events.
    fn other_framing(&mut self) {
        let count = self.subject.block_count();
        if count < 2 {
            return;
        }
        let mut rng = self.rng("unknown_header");
        if rng.chance(HALF) {
            let block = rng.size(0, count - 1);
            self.add_fitting(Piece::UnknownHeader { block });
        }
        let mut rng = self.rng("blanks");
        for _ in 0..rng.within(0, 3) {
            let block = rng.size(1, count - 1);
            let blanks = [Blanks::Line, Blanks::CrLf, Blanks::Spaces];
            let blanks = rng.pick(&blanks).copied().unwrap_or(Blanks::Line);
            if !self.gone.contains(&block) {
                self.add_fitting(Piece::Blanks { block, blanks });
            }
        }
    }

    fn add_fitting(&mut self, piece: Piece) {
        if crate::quirk::fits(self.subject, &piece).is_ok() {
            self.add(piece);
        }
    }

    fn body_has_bom(&self) -> bool {
        let stream = self.subject.stream.as_ref();
        stream.is_some_and(|stream| stream.bom)
    }

    fn line_ends(&mut self) {
        if !self.rng("line_ends").chance(Ratio { n: 2, of: 3 }) {
            return;
        }
        let seen = self.subject.seen;
        let has = |ends| self.has(&Piece::LineEnds { ends });
        let lf = (seen.cr_lf || seen.cr) && has(Ends::Lf);
        let cr_lf = (seen.lf || seen.cr) && has(Ends::CrLf);
        let cr = (seen.lf || seen.cr_lf) && has(Ends::Cr);
        let mixed = (seen.lf || seen.cr_lf || seen.cr) && has(Ends::Mixed(Vec::new()));
        let kinds: [Choice<'a, Ends>; 4] = [
            ("lf", 1, lf, |_, _| Ends::Lf),
            ("cr_lf", 1, cr_lf, |_, _| Ends::CrLf),
            ("cr", 1, cr, |_, _| Ends::Cr),
            ("mixed", 1, mixed, |_, rng| {
                let each = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr];
                let count = rng.within(1, 6);
                let order = (0..count).filter_map(|_| rng.pick(&each).copied());
                let mut order: Vec<LineEnd> = order.collect();
                // One more, of another kind than the first: mixed it is.
                let another = each.into_iter().cycle();
                let first = order.first().copied();
                let mut another = another.skip_while(|end| Some(*end) != first);
                order.extend(another.nth(1));
                Ends::Mixed(order)
            }),
        ];
        if let Some(ends) = self.choose("line_ends", &kinds) {
            self.add(Piece::LineEnds { ends });
        }
    }

    /// Pieces that add fields to a block, or spread one over lines.
    fn fields(&mut self, last: usize) {
        let without = |name: &[u8]| {
            let mut whole = self.blocks(|_| true);
            let blocks = self.subject.blocks();
            whole.retain(|&block| {
                let found = blocks.get(block).filter(|_| block < last);
                found.is_some_and(|found| found.lines.iter().all(|line| line.field().0 != name))
            });
            whole
        };
        let mut fields = Vec::new();
        let mut rng = self.rng("unknown_sse_field");
        if rng.chance(THIRD) {
            let name = "x-wiretape".to_string();
            if let Some(&block) = rng.pick(&without(name.as_bytes())) {
                let value = text(&mut rng);
                fields.push(Piece::UnknownSseField { block, name, value });
            }
        }
        let mut rng = self.rng("id_field");
        if rng.chance(THIRD) {
            if let Some(&block) = rng.pick(&without(b"id")) {
                let id = format!("{}", rng.within(0, 9));
                fields.push(Piece::IdField { block, id });
            }
        }
        let mut rng = self.rng("multi_data");
        let mut broken = self.blocks(|fact| fact.gaps > 0);
        for _ in 0..rng.within(0, 2) {
            if let Some(block) = take(&mut rng, &mut broken) {
                let gaps = self.subject.facts.get(block).map_or(0, |fact| fact.gaps);
                let gap = rng.size(0, gaps.saturating_sub(1));
                fields.push(Piece::MultiData { block, gap });
            }
        }
        for field in fields {
            self.add(field);
        }
    }

    fn rechunk(&mut self) {
        let seen = self.subject.seen;
        let ends = self.pieces.iter().find_map(|piece| match piece {
            Piece::LineEnds { ends } => Some(ends),
            _ => None,
        });
        let returns = ends.map_or(seen.cr || seen.cr_lf, |ends| *ends != Ends::Lf);
        let cut = Cutting::BetweenCrLf;
        let returns = returns && self.has(&Piece::Rechunk { cut });
        let escapes = |piece: &Piece| {
            matches!(
                piece,
                Piece::JsonEscapes { .. } | Piece::SplitSurrogate { .. }
            )
        };
        let wide = seen.wide && !self.pieces.iter().any(escapes);
        let len = self.subject.body.len();
        let chunks = self.subject.chunks.len();
        let kinds: [Choice<'a, Cutting>; 8] = [
            ("bytes1", 2, len > 1, |_, _| Cutting::Bytes1),
            ("every, few", 1, len > 2, |draw, rng| {
                Cutting::Every(rng.size(2, draw.last().min(16)))
            }),
            ("every, many", 1, len > 17, |draw, rng| {
                Cutting::Every(rng.size(17, draw.last().min(2000)))
            }),
            ("at", 1, len > 1, |draw, rng| {
                let count = rng.within(1, 8);
                let last = draw.last();
                let mut offsets: Vec<usize> = (0..count).map(|_| rng.size(1, last)).collect();
                offsets.sort_unstable();
                offsets.dedup();
                Cutting::At(offsets)
            }),
            ("inside_utf8", 1, wide, |_, _| Cutting::InsideUtf8),
            ("between_cr_lf", 1, returns, |_, _| Cutting::BetweenCrLf),
            ("merge", 1, chunks > 1, |_, rng| {
                Cutting::Merge(rng.size(2, 8))
            }),
            ("whole", 1, chunks > 1, |_, _| Cutting::Whole),
        ];
        if let Some(cut) = self.choose("rechunk", &kinds) {
            self.add(Piece::Rechunk { cut });
        }
    }

    /// The offset of the body's last byte.
    fn last(&self) -> usize {
        self.subject.body.len().saturating_sub(1)
    }

    fn pace(&mut self) {
        if !self.rng("pace").chance(HALF) {
            return;
        }
        let timed = self.subject.seen.timed;
        let kinds: [Choice<'a, Pace>; 2] = [
            ("instant", 1, timed, |_, _| Pace::Instant),
            ("speed", 1, timed, |_, rng| {
                let n = u32::try_from(rng.within(1, 10)).unwrap_or(1);
                let of = u32::try_from(rng.within(1, 9)).unwrap_or(1);
                let of = if of < n { of } else { of + 1 };
                Pace::Speed { n, of }
            }),
        ];
        if let Some(pace) = self.choose("pace", &kinds) {
            self.add(Piece::Pace { pace });
        }
    }

    fn fault(&mut self) {
        let blocks = self.subject.blocks();
        let known = self.subject.family.is_some() && !blocks.is_empty();
        let has = |kind| blocks.iter().any(|block| block.kind == kind);
        let terminal = has(Kind::Terminal);
        let finish = !reasons(self.subject).is_empty();
        let kinds: [Choice<'a, Piece>; 5] = [
            ("cut", 2, !self.subject.body.is_empty(), Self::cut),
            ("error_event", 1, known, Self::error_event),
            ("finish_reason", 1, finish, Self::finish_reason),
            ("drop_terminal", 1, terminal, |draw, rng| {
                let mut blocks = draw.subject.blocks().iter();
                let finish = rng.chance(HALF) && blocks.any(|block| block.kind == Kind::Finish);
                Piece::DropTerminal { finish }
            }),
            ("double_terminal", 1, terminal, |_, _| {
                Piece::DoubleTerminal {}
            }),
        ];
        let fault = self.choose("fault", &kinds);
        if let (Some(Piece::DropTerminal { finish }), Some(family)) = (&fault, self.subject.family)
        {
            let blocks = blocks.iter().enumerate();
            let gone = blocks.filter(|(_, block)| drops(family, *finish, block.kind));
            self.gone.extend(gone.map(|(block, _)| block));
        }
        self.fault = fault;
    }

    fn cut(&self, rng: &mut Rng) -> Piece {
        let at = rng.size(0, self.last());
        let end = rng.pick(&ENDS).copied().unwrap_or(EndKind::Reset);
        Piece::Cut { at, end }
    }

    fn error_event(&self, rng: &mut Rng) -> Piece {
        let names = [
            ErrorName::ApiError,
            ErrorName::Overloaded,
            ErrorName::RateLimit,
        ];
        let count = self.subject.block_count();
        let mut blocks = self.subject.blocks().iter();
        let terminal = blocks.position(|block| block.kind == Kind::Terminal);
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
    fn finish_reason(&self, rng: &mut Rng) -> Piece {
        let recorded = reasons(self.subject);
        let acting = recorded.iter().all(|reason| permits_acting(reason));
        let fits = |name: &&str| {
            !recorded.iter().any(|reason| reason == name) && (acting || !permits_acting(name))
        };
        let names = self
            .subject
            .family
            .map(|family| family.rules().reason_names);
        let names = names.unwrap_or_default();
        let names: Vec<&str> = names.iter().copied().filter(fits).collect();
        let reason = rng.pick(&names).copied().unwrap_or("x_wiretape");
        Piece::FinishReason {
            reason: reason.to_string(),
        }
    }
}

/// An order that changes something, where there is one; `parts` says of a block into how many it
/// was split.
pub(crate) fn interleaving(
    rng: &mut Rng,
    subject: &Subject,
    parts: impl Fn(usize) -> usize,
) -> Option<Vec<usize>> {
    let mut lanes = Vec::new();
    for &(block, lane) in &subject.lanes {
        lanes.extend((0..parts(block)).map(|_| lane));
    }
    // A shuffle: each event's lane, in any order. The lanes' own order is kept by applying it.
    let mut order = lanes.clone();
    for place in (1..order.len()).rev() {
        let other = rng.size(0, place);
        order.swap(place, other);
    }
    let heads = &subject.heads;
    (arranged(&lanes, &order, heads) != lanes).then_some(order)
}

/// The recorded reasons for the end.
pub(crate) fn reasons(subject: &Subject) -> Vec<String> {
    let mut recorded = vec![];
    let blocks = subject.blocks().iter();
    for block in blocks.filter(|block| block.kind.may_say_reason()) {
        let (Some(family), Some(payload)) = (subject.family, block.says()) else {
            continue;
        };
        for span in family.reasons(&payload) {
            let body = json::string(&payload, &span).unwrap_or_default();
            recorded.push(String::from_utf8_lossy(json::part(&payload, body)).into_owned());
        }
    }
    recorded
}

/// The place of one of the kinds that fit: of those with their name, how often they are to be chosen,
/// and whether they fit.
///
/// Each draws a number from its own sub-stream, once for each time that it is to be chosen, and the
/// highest wins: one kind more or less changes only the seeds that it wins.
pub(crate) fn chosen<'n>(
    seed: u64,
    concern: &str,
    kinds: impl Iterator<Item = (&'n str, u32, bool)>,
) -> Option<usize> {
    let fitting = kinds.enumerate().filter(|(_, (_, _, fits))| *fits);
    let won = fitting.max_by_key(|(_, (name, weight, _))| {
        let mut rng = Rng::of(seed, &[concern, ": ", name]);
        (0..*weight).map(|_| rng.within(0, u64::MAX)).max()
    });
    won.map(|(place, _)| place)
}

fn text(rng: &mut Rng) -> String {
    rng.pick(&TEXTS).copied().unwrap_or_default().to_string()
}

/// One of the blocks, which then is no longer among them.
fn take(rng: &mut Rng, blocks: &mut Vec<usize>) -> Option<usize> {
    let last = blocks.len().checked_sub(1)?;
    Some(blocks.remove(rng.size(0, last)))
}
