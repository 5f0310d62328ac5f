//! The items of a response and their parts. Each look-up is logarithmic.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{Block, Kind, Part};
use crate::json::Raw;

/// What an item is, as far as its reading goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Parts of text and refusal.
    Message,
    /// Parts of a summary and of the reasoning itself; sealed reasoning.
    Reasoning,
    /// A call with a name of its own.
    Call(Kind),
    /// A call of a tool that the interface brings along; the item's type names it.
    Builtin(Kind),
    /// What a call that the provider ran gave, or an item that is kept as it is.
    Whole(Kind),
}

impl Type {
    /// By the item's type and, for tools that run on either side, by where it says it runs. `None`
    /// where that is not said yet.
    pub(super) fn of(name: &str, item: Raw<'_>) -> Option<Self> {
        Some(match name {
            "message" => Self::Message,
            "reasoning" => Self::Reasoning,
            "function_call" => Self::Call(Kind::Tool),
            "custom_tool_call" => Self::Call(Kind::CustomTool),
            "mcp_call" => Self::Call(Kind::ServerTool),
            "local_shell_call" | "apply_patch_call" | "computer_call" => Self::Builtin(Kind::Tool),
            "shell_call" => Self::Builtin(shell(item)?),
            "tool_search_call" => Self::Builtin(tool_search(item)?),
            "web_search_call"
            | "file_search_call"
            | "code_interpreter_call"
            | "image_generation_call"
            | "mcp_list_tools"
            | "program" => Self::Builtin(Kind::ServerTool),
            _ if name.ends_with("_output") => Self::Whole(Kind::ServerResult),
            _ => Self::Whole(Kind::Unknown),
        })
    }

    /// The kind of its one block, if it has no parts.
    pub(super) fn kind(self) -> Option<Kind> {
        match self {
            Self::Message | Self::Reasoning => None,
            Self::Call(kind) | Self::Builtin(kind) | Self::Whole(kind) => Some(kind),
        }
    }
}

/// A shell runs at the caller's, unless its environment is a container.
fn shell(item: Raw<'_>) -> Option<Kind> {
    let environment = item.field("environment")?;
    let container = environment
        .str_field("type")
        .is_some_and(|name| name.starts_with("container"));
    Some(if container {
        Kind::ServerTool
    } else {
        Kind::Tool
    })
}

/// A search for tools says who does it.
fn tool_search(item: Raw<'_>) -> Option<Kind> {
    match &*item.str_field("execution")? {
        "client" => Some(Kind::Tool),
        _ => Some(Kind::ServerTool),
    }
}

/// Where in an item a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Text,
    Refusal,
    Reasoning,
    Summary,
    /// Reasoning without a part that can be read.
    Sealed,
    /// A part of a type this version does not know.
    Unknown,
    /// The one text of a call: its arguments, its input, its code.
    Call,
}

impl Field {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Text => Kind::Text,
            Self::Refusal => Kind::Refusal,
            Self::Reasoning | Self::Summary => Kind::Reasoning,
            Self::Sealed => Kind::RedactedReasoning,
            Self::Call => Kind::Tool,
            Self::Unknown => Kind::Unknown,
        }
    }

    pub(super) fn part(self) -> Part {
        match self {
            Self::Call => Part::Arguments,
            _ => Part::Text,
        }
    }

    /// By the type of a part.
    pub(super) fn of_part(name: &str) -> Self {
        match name {
            "output_text" | "text" => Self::Text,
            "refusal" => Self::Refusal,
            "reasoning_text" => Self::Reasoning,
            "summary_text" => Self::Summary,
            _ => Self::Unknown,
        }
    }
}

/// A block of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) block: Block,
    /// Its whole text came: there is nothing to add.
    pub(super) settled: bool,
    pub(super) open: bool,
    /// How many citations were handed out.
    pub(super) citations: usize,
}

/// An item of the response.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) ty: Type,
    /// The type as it was sent.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) index: Option<u64>,
    pub(super) call_id: String,
    /// What a call is called, where the item says it.
    pub(super) called: String,
    pub(super) slots: BTreeMap<(Field, u64), Slot>,
    /// It came as a whole.
    pub(super) done: bool,
    /// It says of itself that it is incomplete.
    pub(super) cut: bool,
    /// Its start was not seen.
    pub(super) orphan: bool,
    /// It was found in the finished response.
    pub(super) matched: bool,
}

impl Item {
    pub(super) fn new(ty: Type, name: &str) -> Self {
        Self {
            ty,
            name: name.into(),
            id: String::new(),
            index: None,
            call_id: String::new(),
            called: String::new(),
            slots: BTreeMap::new(),
            done: false,
            cut: false,
            orphan: false,
            matched: false,
        }
    }

    /// Texts of this field belong into it.
    pub(super) fn takes(&self, subject: Subject) -> bool {
        match subject.field {
            Field::Text | Field::Refusal => self.ty == Type::Message,
            // Some servers put the reasoning itself into the message.
            Field::Reasoning => matches!(self.ty, Type::Message | Type::Reasoning),
            Field::Summary | Field::Sealed => self.ty == Type::Reasoning,
            Field::Call => self.name == subject.item,
            Field::Unknown => self.ty.kind().is_none(),
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) field: Field,
    /// The type of item it belongs to.
    pub(super) item: &'static str,
    /// The member of its `.done` that has the whole text.
    pub(super) member: &'static str,
}

pub(super) const TEXT: Subject = Subject::new(Field::Text, "message", "text");
pub(super) const SUMMARY: Subject = Subject::new(Field::Summary, "reasoning", "text");

impl Subject {
    const fn new(field: Field, item: &'static str, member: &'static str) -> Self {
        Self {
            field,
            item,
            member,
        }
    }

    /// By the event's type between `response.` and `.delta` or `.done`.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "output_text" => TEXT,
            "refusal" => Self::new(Field::Refusal, "message", "refusal"),
            "reasoning_text" => Self::new(Field::Reasoning, "reasoning", "text"),
            "reasoning_summary_text" => SUMMARY,
            "function_call_arguments" => Self::new(Field::Call, "function_call", "arguments"),
            "custom_tool_call_input" => Self::new(Field::Call, "custom_tool_call", "input"),
            "mcp_call_arguments" => Self::new(Field::Call, "mcp_call", "arguments"),
            "code_interpreter_call_code" => Self::new(Field::Call, "code_interpreter_call", "code"),
            _ => return None,
        })
    }
}

/// An item whose id is longer goes without: nothing of it is handed out, and so nothing bounds it.
const ID_BYTES_MAX: usize = 1 << 10;

/// The items of a response, in order of their appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    list: Vec<Item>,
    /// The latest item of each.
    by_index: BTreeMap<u64, usize>,
    by_id: BTreeMap<String, usize>,
    by_call_id: BTreeMap<String, usize>,
}

/// Which item an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Item(usize),
    /// Its labels contradict each other.
    Odd(usize),
    /// There is one at the place, of another type.
    Misfit,
    None,
}

impl Items {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Item> {
        self.list.get(at)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Item> {
        self.list.get_mut(at)
    }

    pub(super) fn add(&mut self, item: Item) -> usize {
        let at = self.list.len();
        if let Some(index) = item.index {
            self.by_index.insert(index, at);
        }
        self.list.push(item);
        at
    }

    pub(super) fn at_index(&self, index: u64) -> Option<usize> {
        self.by_index.get(&index).copied()
    }

    pub(super) fn of_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(super) fn of_call_id(&self, id: &str) -> Option<usize> {
        self.by_call_id.get(id).copied()
    }

    pub(super) fn set_id(&mut self, at: usize, id: &str) {
        let fits = !id.is_empty() && id.len() <= ID_BYTES_MAX;
        if let Some(item) = self.list.get_mut(at).filter(|_| fits) {
            item.id = id.into();
            self.by_id.insert(id.into(), at);
        }
    }

    pub(super) fn set_call_id(&mut self, at: usize, id: &str) {
        if let Some(item) = self.list.get_mut(at).filter(|_| !id.is_empty()) {
            item.call_id = id.into();
            self.by_call_id.insert(id.into(), at);
        }
    }

    /// The item at the index, then that of the id: an id may be drawn anew for every event.
    pub(super) fn find(&self, index: Option<u64>, id: &str, fits: impl Fn(&Item) -> bool) -> Found {
        let fit = |at: &usize| self.list.get(*at).is_some_and(&fits);
        let of_id = self.by_id.get(id).copied();
        let at_index = index.and_then(|index| self.at_index(index));
        let named = of_id.filter(fit);
        // Of several at one index, the one that is meant by its id.
        let exact = named.filter(|at| self.list.get(*at).is_some_and(|item| item.index == index));
        if let (Some(at), true) = (exact, index.is_some()) {
            return Found::Item(at);
        }
        match (at_index.filter(fit), named) {
            (Some(at), None) => Found::Item(at),
            (Some(at), Some(_)) | (None, Some(at)) => Found::Odd(at),
            (None, None) if at_index.or(of_id).is_some() => Found::Misfit,
            (None, None) => Found::None,
        }
    }
}
