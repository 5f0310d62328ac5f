//! Where a text may be cut, and what is open there.
//!
//! One character at a time, with a state that can be copied: a cut goes back to the state it was
//! noticed in. It knows as much of Markdown as is needed to close what a cut leaves open: code fences,
//! code spans, emphasis, links. It is no parser, and where it errs, a message shows a mark too many.

use alloc::string::String;

use super::Unit;
use super::grapheme::Cluster;

/// Longest link, in bytes, that is held back until it is complete, and kept in one message.
const LINK_BYTES_MAX: usize = 512;
/// Longest HTML entity, in bytes.
const ENTITY_BYTES_MAX: usize = 12;
/// Longest run of backticks or tildes that is a fence or a code span.
const RUN_MAX: u8 = 8;
/// Longest info string, in bytes, that a continued fence repeats.
const INFO_BYTES_MAX: usize = 24;
/// Deepest indentation at which a fence is seen: fences in lists are indented.
const INDENT_MAX: u8 = 16;
/// How deep emphasis may nest.
const DEPTH_MAX: usize = 6;

/// How good a place is to cut at; the higher, the better.
pub(super) mod rank {
    /// Between two messages nothing is lost.
    pub(in crate::forward) const PARAGRAPH: u8 = 7;
    pub(super) const LINE: u8 = 6;
    pub(super) const SENTENCE: u8 = 5;
    pub(super) const CODE_LINE: u8 = 4;
    pub(super) const WORD: u8 = 3;
    /// Between words, inside of something that has to be closed and opened again.
    pub(super) const MARKED_WORD: u8 = 2;
    pub(super) const CHARACTER: u8 = 1;
    /// Inside of a word, a link, an entity, a code span.
    pub(super) const ANYWHERE: u8 = 0;
}

/// The state after a character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// Where the next character begins, in bytes from the start of the reply.
    pub(super) at: usize,
    /// Length of the message's text so far, without what opens and closes it.
    pub(super) units: usize,
    unit: Unit,
    markup: bool,
    last: char,
    before_last: char,
    cluster: Cluster,
    /// How much of `://` has been seen in this word; 3 is a URL.
    scheme: u8,
    line: Line,
    /// The line before this one is blank.
    blank: bool,
    /// Where the marks at the start of this line begin.
    marks_at: usize,
    fence: Option<Fence>,
    info: Info,
    run: Option<Run>,
    /// Backticks that opened a code span.
    code: u8,
    stack: Stack,
    link: Link,
    link_at: usize,
    link_stack: Stack,
    entity_at: Option<usize>,
    escape: bool,
}

/// A code fence that is open.
#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: char,
    len: u8,
    info: Info,
    at: usize,
    /// Something stands in it.
    filled: bool,
}

/// What stands behind the marks that open a fence.
#[derive(Clone, Copy, Debug)]
struct Info {
    bytes: [u8; INFO_BYTES_MAX],
    /// More than `INFO_BYTES_MAX`: too long to be repeated.
    len: u8,
}

/// What this line is, as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So many blanks.
    Indent(u8),
    /// Backticks or tildes alone.
    Marks(char, u8),
    /// Enough of them to open a fence, and something behind them.
    Opening(char, u8),
    /// Enough of them to close the fence, and blanks behind them.
    Closing,
    Rest,
}

/// Marks whose meaning the next character decides.
#[derive(Clone, Copy, Debug)]
struct Run {
    mark: char,
    len: u8,
    at: usize,
    before: char,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    None,
    Text,
    Between,
    Url,
}

/// Emphasis that is open, outermost first: indices into [`MARKS`].
#[derive(Clone, Copy, Debug)]
struct Stack {
    marks: [u8; DEPTH_MAX],
    depth: u8,
}

const MARKS: [&str; 5] = ["*", "**", "_", "__", "~~"];

impl Scan {
    pub(super) fn new(unit: Unit, markup: bool, at: usize) -> Self {
        let stack = Stack {
            marks: [0; DEPTH_MAX],
            depth: 0,
        };
        let info = Info {
            bytes: [0; INFO_BYTES_MAX],
            len: 0,
        };
        Self {
            at,
            units: 0,
            unit,
            markup,
            last: '\n',
            before_last: '\n',
            cluster: Cluster::new(),
            scheme: 0,
            line: Line::Indent(0),
            blank: true,
            marks_at: at,
            fence: None,
            info,
            run: None,
            code: 0,
            stack,
            link: Link::None,
            link_at: at,
            link_stack: stack,
            entity_at: None,
            escape: false,
        }
    }

    /// The state in which a new message goes on here.
    pub(super) fn restarted(mut self) -> Self {
        if self.run.is_some() {
            self.settle('\n');
        }
        self.units = 0;
        self.link = Link::None;
        self.entity_at = None;
        self.escape = false;
        self
    }

    /// Blanks at the start of a message are not shown, except in code, where blank lines are not.
    pub(super) fn skips(&self, c: char) -> bool {
        let skipped = match self.fence {
            Some(_) => c == '\n',
            None => c.is_whitespace(),
        };
        skipped && self.units == 0
    }

    pub(super) fn step(&mut self, c: char) {
        if self.markup {
            self.mark(c);
        } else if c == '\n' {
            self.end_line();
        } else if !matches!((self.line, c), (Line::Indent(_), ' ' | '\t')) {
            self.line = Line::Rest;
        }
        self.scheme = match (self.scheme, c) {
            (_, c) if c.is_whitespace() => 0,
            (3, _) => 3,
            (1, '/') => 2,
            (2, '/') => 3,
            (_, ':') => 1,
            _ => 0,
        };
        self.cluster.push(c);
        self.before_last = self.last;
        self.last = c;
        self.at += c.len_utf8();
        self.units += self.unit.one(c);
    }

    /// The text may be cut here without cutting what a reader sees as one character.
    pub(super) fn ends_before(&self, next: char) -> bool {
        self.cluster.ends_before(next)
    }

    pub(super) fn is_line_start(&self) -> bool {
        self.line == Line::Indent(0)
    }

    /// How good a cut before `next` would be.
    pub(super) fn rank(&self, next: char) -> u8 {
        let in_word = self.last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
        let plain = if in_word || self.scheme == 3 {
            rank::ANYWHERE
        } else {
            rank::CHARACTER
        };
        let fresh = self.line == Line::Indent(0);
        if self.fence.is_some() {
            return match self.line {
                Line::Marks(..) | Line::Closing => rank::ANYWHERE,
                _ if fresh => rank::CODE_LINE,
                Line::Indent(_) => rank::ANYWHERE,
                _ if self.last.is_whitespace() => rank::MARKED_WORD,
                _ => plain,
            };
        }
        let busy = matches!(self.line, Line::Marks(..) | Line::Opening(..))
            || self.run.is_some()
            || self.link != Link::None
            || self.entity_at.is_some()
            || self.escape;
        if busy {
            return rank::ANYWHERE;
        }
        let blank = self.last.is_whitespace();
        if self.code > 0 {
            return if blank {
                rank::CHARACTER
            } else {
                rank::ANYWHERE
            };
        }
        if self.stack.depth > 0 {
            return if blank { rank::MARKED_WORD } else { plain };
        }
        match self.last {
            _ if fresh && self.blank => rank::PARAGRAPH,
            _ if fresh => rank::LINE,
            '。' | '！' | '？' => rank::SENTENCE,
            _ if blank && matches!(self.before_last, '.' | '!' | '?' | ':') => rank::SENTENCE,
            _ if blank => rank::WORD,
            _ => plain,
        }
    }

    /// Length of [`Self::closers`], or a little more.
    pub(super) fn closers_len(&self) -> usize {
        match (self.fence, self.line) {
            (Some(_), _) if self.is_closing() => 0,
            (Some(fence), _) => 1 + usize::from(fence.len),
            (None, Line::Marks(_, len) | Line::Opening(_, len)) if len >= 3 => 1 + usize::from(len),
            // A run that is not settled opens what has to be closed again.
            _ => {
                let run = self.run.map_or(0, |run| usize::from(run.len));
                self.stack.len() + usize::from(self.code) + run
            }
        }
    }

    /// What closes all that is open at the end of the text.
    pub(super) fn closers(&self) -> String {
        let mut settled = *self;
        if settled.run.is_some() {
            settled.settle('\n');
        }
        let mut closers = String::new();
        match (settled.fence, settled.line) {
            (Some(_), _) if settled.is_closing() => {}
            (Some(fence), _) => fence_line(&mut closers, fence.mark, fence.len),
            (None, Line::Marks(mark, len) | Line::Opening(mark, len)) if len >= 3 => {
                fence_line(&mut closers, mark, len);
            }
            _ => settled.close_inline(&mut closers, &settled.stack),
        }
        closers
    }

    /// What a message that goes on here has to open again.
    pub(super) fn opener(&self) -> String {
        let mut opener = String::new();
        if let Some(fence) = self.fence {
            repeat(&mut opener, fence.mark, fence.len);
            opener.push_str(fence.info.text());
            opener.push('\n');
        } else {
            for mark in self.stack.open() {
                opener.push_str(mark);
            }
            repeat(&mut opener, '`', self.code);
        }
        opener
    }

    /// While more is to come: up to where the text can be shown, and what closes it there. Held back is
    /// what would look different once it is complete: half a link, an entity, marks.
    pub(super) fn shown(&self) -> (usize, String) {
        let mut closers = String::new();
        if let Some(fence) = self.fence {
            if !fence.filled {
                return (fence.at, closers);
            }
            let end = match self.line {
                Line::Marks(..) | Line::Closing => self.marks_at,
                _ => self.at,
            };
            fence_line(&mut closers, fence.mark, fence.len);
            return (end, closers);
        }
        if self.link != Link::None {
            self.close_inline(&mut closers, &self.link_stack);
            return (self.link_at, closers);
        }
        self.close_inline(&mut closers, &self.stack);
        let end = match (self.line, self.run, self.entity_at) {
            (Line::Marks(..) | Line::Opening(..), ..) => self.marks_at,
            (_, Some(run), _) => run.at,
            (_, _, Some(entity)) => entity,
            _ => self.at - usize::from(self.escape),
        };
        (end, closers)
    }

    fn mark(&mut self, c: char) {
        if c == '\n' {
            self.end_line();
            return;
        }
        match self.line {
            Line::Indent(n) => match c {
                ' ' | '\t' if n < INDENT_MAX => self.line = Line::Indent(n + 1),
                '`' | '~' => {
                    self.line = Line::Marks(c, 1);
                    self.marks_at = self.at;
                }
                _ => self.rest(c),
            },
            Line::Marks(mark, len) if c == mark && len < RUN_MAX => {
                self.line = Line::Marks(mark, len + 1);
            }
            Line::Marks(mark, len) => self.after_marks(mark, len, c),
            Line::Opening('`', len) if c == '`' => {
                // Backticks behind the marks: this is a code span.
                self.line = Line::Rest;
                self.code = len;
                self.inline(c);
            }
            Line::Opening(..) => self.info.push(c),
            Line::Closing if c == ' ' => {}
            Line::Closing => self.rest(c),
            Line::Rest => self.rest(c),
        }
    }

    fn after_marks(&mut self, mark: char, len: u8, c: char) {
        if let Some(fence) = self.fence {
            if fence.mark == mark && len >= fence.len && c == ' ' {
                self.line = Line::Closing;
            } else {
                self.rest(c);
            }
        } else if len >= 3 && c != mark {
            self.line = Line::Opening(mark, len);
            self.info.len = 0;
            self.info.push(c);
        } else {
            self.run = Some(Run {
                mark,
                len,
                at: self.marks_at,
                before: ' ',
            });
            self.rest(c);
        }
    }

    /// A character of a line that is neither blank nor a fence.
    fn rest(&mut self, c: char) {
        self.line = Line::Rest;
        match &mut self.fence {
            Some(fence) => fence.filled |= !c.is_whitespace(),
            None => self.inline(c),
        }
    }

    fn end_line(&mut self) {
        self.blank = matches!(self.line, Line::Indent(_));
        match (self.line, &mut self.fence) {
            (_, Some(fence)) => {
                let mut closes = self.line == Line::Closing;
                if let Line::Marks(mark, len) = self.line {
                    closes = mark == fence.mark && len >= fence.len;
                }
                if closes {
                    self.fence = None;
                }
            }
            (Line::Marks(mark, len) | Line::Opening(mark, len), None) if len >= 3 => {
                let mut info = self.info;
                if matches!(self.line, Line::Marks(..)) {
                    info.len = 0;
                }
                self.fence = Some(Fence {
                    mark,
                    len,
                    info,
                    at: self.marks_at,
                    filled: false,
                });
                self.end_paragraph();
            }
            (Line::Marks(mark, len), None) => {
                let (at, before) = (self.marks_at, ' ');
                self.run = Some(Run {
                    mark,
                    len,
                    at,
                    before,
                });
                self.settle('\n');
            }
            (_, None) => {
                if self.run.is_some() {
                    self.settle('\n');
                }
                if self.blank {
                    self.end_paragraph();
                }
            }
        }
        self.link = Link::None;
        self.entity_at = None;
        self.escape = false;
        self.line = Line::Indent(0);
    }

    fn end_paragraph(&mut self) {
        self.run = None;
        self.code = 0;
        self.stack.depth = 0;
    }

    fn inline(&mut self, c: char) {
        if let Some(run) = &mut self.run {
            if c == run.mark && run.len < RUN_MAX {
                run.len += 1;
                return;
            }
            self.settle(c);
        }
        if core::mem::take(&mut self.escape) {
            return;
        }
        if c == '`' || (self.code == 0 && matches!(c, '*' | '_' | '~')) {
            self.run = Some(Run {
                mark: c,
                len: 1,
                at: self.at,
                before: self.last,
            });
        }
        if self.code > 0 {
            return;
        }
        self.escape = c == '\\';
        self.follow_link(c);
        match self.entity_at {
            _ if c == '&' => self.entity_at = Some(self.at),
            Some(at)
                if !(c == '#' || c.is_ascii_alphanumeric()) || self.at - at >= ENTITY_BYTES_MAX =>
            {
                self.entity_at = None;
            }
            _ => {}
        }
    }

    fn follow_link(&mut self, c: char) {
        self.link = match (self.link, c) {
            (Link::None, '[') => {
                self.link_at = self.at;
                self.link_stack = self.stack;
                Link::Text
            }
            (Link::Text, ']') => Link::Between,
            (Link::Between, '(') => Link::Url,
            (Link::Between, _) | (Link::Url, ')') => Link::None,
            (link, _) if self.at - self.link_at < LINK_BYTES_MAX => link,
            _ => Link::None,
        };
    }

    /// Decides what a run of marks before `next` means.
    fn settle(&mut self, next: char) {
        let Some(Run {
            mark, len, before, ..
        }) = self.run.take()
        else {
            return;
        };
        if mark == '`' {
            if self.code == 0 {
                self.code = len;
            } else if self.code == len {
                self.code = 0;
            }
            return;
        }
        let word = |c: char| mark == '_' && c.is_alphanumeric();
        let opens = !next.is_whitespace() && !word(before);
        let closes = !before.is_whitespace() && !word(next);
        let (single, double) = if mark == '*' { (0, 1) } else { (2, 3) };
        match (mark, len) {
            ('~', 2) => self.stack.turn(4, opens, closes),
            ('~', _) => {}
            (_, 1) => self.stack.turn(single, opens, closes),
            (_, 2) => self.stack.turn(double, opens, closes),
            (_, 3) if closes && self.stack.has(single) => {
                self.stack.turn(single, opens, closes);
                self.stack.turn(double, opens, closes);
            }
            (_, 3) => {
                self.stack.turn(double, opens, closes);
                self.stack.turn(single, opens, closes);
            }
            _ => {}
        }
    }

    fn close_inline(&self, closers: &mut String, stack: &Stack) {
        // Code spans lie innermost: no mark inside of them means anything.
        if self.link == Link::None {
            repeat(closers, '`', self.code);
        }
        for mark in stack.open().rev() {
            closers.push_str(mark);
        }
    }

    /// The fence is closed as far as the text has come.
    fn is_closing(&self) -> bool {
        match (self.fence, self.line) {
            (Some(fence), Line::Marks(mark, len)) => mark == fence.mark && len >= fence.len,
            (Some(_), Line::Closing) => true,
            _ => false,
        }
    }
}

impl Stack {
    fn open(&self) -> impl DoubleEndedIterator<Item = &'static str> + '_ {
        let open = self.marks.iter().take(usize::from(self.depth));
        open.filter_map(|mark| MARKS.get(usize::from(*mark)).copied())
    }

    fn len(&self) -> usize {
        self.open().map(str::len).sum()
    }

    fn has(&self, mark: u8) -> bool {
        let mut open = self.marks.iter().take(usize::from(self.depth));
        open.any(|open| *open == mark)
    }

    fn turn(&mut self, mark: u8, opens: bool, closes: bool) {
        let mut open = self.marks.iter().take(usize::from(self.depth));
        let open = open.rposition(|open| *open == mark);
        match open.and_then(|at| u8::try_from(at).ok()) {
            // What is open inside of it can no longer be closed.
            Some(at) if closes => self.depth = at,
            None if opens => {
                if let Some(slot) = self.marks.get_mut(usize::from(self.depth)) {
                    *slot = mark;
                    self.depth += 1;
                }
            }
            _ => {}
        }
    }
}

impl Info {
    fn push(&mut self, c: char) {
        let at = usize::from(self.len);
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        match self.bytes.get_mut(at..at + bytes.len()) {
            Some(slot) => {
                slot.copy_from_slice(bytes);
                self.len += u8::try_from(bytes.len()).unwrap_or(4);
            }
            None => self.len = u8::MAX,
        }
    }

    fn text(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default().trim_end()
    }
}

fn repeat(out: &mut String, mark: char, len: u8) {
    out.extend(core::iter::repeat_n(mark, usize::from(len)));
}

fn fence_line(out: &mut String, mark: char, len: u8) {
    out.push('\n');
    repeat(out, mark, len);
}
