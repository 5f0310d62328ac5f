//! YAML as a tree with lines: all scalars are text, nothing is guessed.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Value;

use super::Error;
use super::error::short;

/// How deep sequences and mappings may nest, what aliases stand for counted.
const DEPTH_MAX: usize = 128;

/// A node of the tree. What an alias stands for is shared, not copied.
pub(super) struct Node {
    /// Counted from 1; 0 where the file was JSON.
    line: u64,
    depth: usize,
    kind: Kind,
}

enum Kind {
    Scalar {
        text: String,
        /// Without quotes, so that it may be null.
        plain: bool,
        binary: bool,
    },
    Items(Vec<Rc<Node>>),
    Fields(Vec<(Rc<Node>, Rc<Node>)>),
}

impl Node {
    pub(super) fn error(&self, path: &str, expected: &str) -> Error {
        let found = match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing".into(),
            Kind::Scalar { text, .. } => short(text),
            Kind::Items(items) => format!("a sequence of {}", items.len()),
            Kind::Fields(fields) => format!("a mapping of {}", fields.len()),
        };
        let mut error = Error::field(path, expected, found);
        error.line = (self.line > 0).then_some(self.line);
        error
    }

    pub(super) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, plain, .. } => {
                *plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// The value of this name; of what is no mapping, and where it is null, nothing.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let fields = self.fields()?;
        let mut named = fields.iter().filter(|(key, _)| key.text() == Some(name));
        named
            .next()
            .map(|(_, value)| &**value)
            .filter(|value| !value.is_null())
    }

    pub(super) fn fields(&self) -> Option<&[(Rc<Self>, Rc<Self>)]> {
        match &self.kind {
            Kind::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Rc<Self>]> {
        match &self.kind {
            Kind::Items(items) => Some(items),
            _ => None,
        }
    }

    /// A scalar that is text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, binary, .. } if !binary => Some(text),
            _ => None,
        }
    }

    /// The base64 of a scalar with the tag `!!binary`, or Ruby's `!binary`.
    pub(super) fn binary(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, binary, .. } if *binary => Some(text),
            _ => None,
        }
    }
}

/// The one document of a text.
pub(super) fn parse(text: &str) -> Result<Rc<Node>, Error> {
    if text.trim_start().starts_with('{') {
        return Ok(from_json(super::json::parse(text)?));
    }
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let column = error.marker().col();
            let found = format!("at column {column}: {}", error.info());
            Error::at(error.marker().line().max(1) as u64, "YAML", found)
        })?;
        loader.event(event, span)?;
    }
    loader
        .root
        .ok_or_else(|| Error::at(1, "a YAML document", "none"))
}

#[derive(Default)]
struct Loader {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
}

/// A collection that has not ended.
struct Open {
    line: u64,
    anchor: usize,
    is_mapping: bool,
    nodes: Vec<Rc<Node>>,
}

impl Loader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        let line = span.start.line() as u64;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain && tag.is_none(),
                    binary: tag.is_some_and(|tag| is_binary(&tag)),
                };
                self.node(
                    Node {
                        line,
                        depth: 0,
                        kind,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(anchor, _) => self.begin(line, anchor, false),
            Event::MappingStart(anchor, _) => self.begin(line, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.add(node, line),
                None => Err(Error::at(line, "an alias of a node before it", "none")),
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Error::at(line, "one YAML document", "a second"))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, line: u64, anchor: usize, is_mapping: bool) -> Result<(), Error> {
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep(line));
        }
        self.open.push(Open {
            line,
            anchor,
            is_mapping,
            nodes: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let deepest = open.nodes.iter().map(|node| node.depth).max();
        let depth = deepest.unwrap_or(0) + 1;
        if depth > DEPTH_MAX {
            return Err(too_deep(open.line));
        }
        let kind = if open.is_mapping {
            let mut fields = Vec::with_capacity(open.nodes.len() / 2);
            let mut nodes = open.nodes.into_iter();
            while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                fields.push((key, value));
            }
            Kind::Fields(fields)
        } else {
            Kind::Items(open.nodes)
        };
        let line = open.line;
        self.node(Node { line, depth, kind }, open.anchor)
    }

    fn node(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        let line = node.line;
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node, line)
    }

    fn add(&mut self, node: Rc<Node>, line: u64) -> Result<(), Error> {
        match self.open.last_mut() {
            Some(open) if node.depth >= DEPTH_MAX => Err(too_deep(line.max(open.line))),
            Some(open) => {
                open.nodes.push(node);
                Ok(())
            }
            None => {
                self.root = Some(node);
                Ok(())
            }
        }
    }
}

fn too_deep(line: u64) -> Error {
    let expected = format!("at most {DEPTH_MAX} levels");
    Error::at(line, expected, "more")
}

fn is_binary(tag: &Tag) -> bool {
    tag.suffix == "binary" || tag.suffix.ends_with(":binary")
}

fn from_json(value: Value) -> Rc<Node> {
    let scalar = |text: String, plain| Kind::Scalar {
        text,
        plain,
        binary: false,
    };
    let kind = match value {
        Value::Null => scalar(String::new(), true),
        Value::String(text) => scalar(text, false),
        Value::Array(items) => Kind::Items(items.into_iter().map(from_json).collect()),
        Value::Object(fields) => {
            let name = |text: String| {
                Rc::new(Node {
                    line: 0,
                    depth: 0,
                    kind: scalar(text, false),
                })
            };
            let fields = fields.into_iter();
            Kind::Fields(
                fields
                    .map(|(key, value)| (name(key), from_json(value)))
                    .collect(),
            )
        }
        value => scalar(value.to_string(), true),
    };
    Rc::new(Node {
        line: 0,
        depth: 0,
        kind,
    })
}
