//! What a text rests on: citations of every dialect, and the files of an answer.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::json::Raw;

/// A page or a document that is cited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// The page; a document has none.
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
    /// A document's; what the AI SDK says of one whose type the provider does not say.
    pub(super) media_type: &'static str,
    pub(super) filename: Option<String>,
    /// The citation as it was sent.
    pub(super) raw: String,
}

/// The sources of one citation: several in Cohere's, one in all others; none where it names none.
///
/// | dialect | page | document |
/// |---|---|---|
/// | Messages | `url`, a `source` that is a URL | `document_title`, `source` |
/// | Responses | `url` | `filename`, `file_id` |
/// | Gemini | `uri` | |
/// | Converse | `location.web.url` | `title`, `source` |
/// | Cohere | `sources[].document.url` | `sources[].document.title`, `sources[].id` |
pub(super) fn of_citation(citation: &str) -> Vec<Source> {
    let Ok(whole) = Raw::parse(citation) else {
        return Vec::new();
    };
    match whole.field("sources").filter(|list| list.is_array()) {
        Some(list) => list
            .elements()
            .filter_map(|source| {
                let document = source.field("document").unwrap_or(source);
                one(document, whole, text(source, "id"))
            })
            .collect(),
        None => one(whole, whole, None).into_iter().collect(),
    }
}

/// The pages and documents of Gemini's `groundingMetadata`.
pub(super) fn of_grounding(grounding: &str) -> Vec<Source> {
    let Ok(whole) = Raw::parse(grounding) else {
        return Vec::new();
    };
    let chunks = whole.field("groundingChunks");
    chunks
        .into_iter()
        .flat_map(Raw::elements)
        .filter_map(|chunk| {
            let (_, inner) = chunk.members().next()?;
            one(inner, chunk, None)
        })
        .collect()
}

/// A document must have a title, and not every provider says one.
const UNTITLED: &str = "Document";

fn one(said: Raw<'_>, raw: Raw<'_>, id: Option<String>) -> Option<Source> {
    if !said.is_object() {
        return None;
    }
    let location = said.field("location").and_then(|at| at.field("web"));
    let source = text(said, "source");
    let named = source.clone().filter(|source| is_url(source));
    let url = text(said, "url")
        .or_else(|| text(said, "uri").filter(|uri| is_url(uri)))
        .or_else(|| location.and_then(|web| text(web, "url")))
        .or(named);
    let filename = text(said, "filename");
    let title = ["title", "document_title", "filename", "file_id"];
    let title = title.iter().find_map(|name| text(said, name));
    let title = match &url {
        Some(_) => title,
        None => title
            .or(source)
            .or(id)
            .or_else(|| text(said, "uri"))
            .or_else(|| Some(UNTITLED.to_string())),
    };
    let media_type = match said.str_field("type").as_deref() {
        Some("page_location") => "application/pdf",
        Some("file_path") => "application/octet-stream",
        _ => "text/plain",
    };
    Some(Source {
        url,
        title,
        media_type,
        filename,
        raw: super::on_one_line(raw.text()),
    })
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn text(of: Raw<'_>, name: &str) -> Option<String> {
    let text = of.str_field(name).map(Cow::into_owned);
    text.filter(|text| !text.is_empty())
}

/// A file of the answer: Gemini's parts have one by its URL or its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) url: String,
    pub(super) media_type: String,
}

/// The file of a part that is kept as it was sent; none where it is another, or a thought.
pub(super) fn of_part(part: &str) -> Option<File> {
    let part = Raw::parse(part).ok()?;
    let [inline, linked, thought] = part.fields(["inlineData", "fileData", "thought"]);
    if thought.is_some_and(|thought| thought.text() == "true") {
        return None;
    }
    let file = inline.or(linked)?;
    let media_type =
        text(file, "mimeType").unwrap_or_else(|| "application/octet-stream".to_string());
    let url = match inline {
        Some(inline) => format!("data:{media_type};base64,{}", text(inline, "data")?),
        None => text(file, "fileUri")?,
    };
    Some(File { url, media_type })
}
