//! The request, from a file, standard input or a tape.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use wiretape_core::Dialect;
use wiretape_core::conversation::Conversation;
use wiretape_tape::{Body, Tape};

use super::BudgetArgs;
use crate::Io;
use crate::exit::Fault;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 256 << 20;

pub(super) struct Request {
    pub(super) name: String,
    pub(super) conversation: Conversation,
}

pub(super) fn read(args: &BudgetArgs, io: &mut Io<'_>) -> Result<Request, Fault> {
    let mut name = match args.file.as_os_str() == "-" {
        true => "standard input".into(),
        false => args.file.display().to_string(),
    };
    let mut text = text(&args.file, &name)?;
    let mut dialect = args.dialect;
    let mut path = String::new();
    if text.starts_with(r#"{"wiretape""#) {
        let parsed = wiretape_tape::parse(text.as_bytes())
            .map_err(|error| Fault::new(format!("{name}: {error}")))?;
        if let Some(torn) = &parsed.torn {
            io.note(&format!("{name}: {torn}"));
        }
        dialect = dialect.or_else(|| parsed.tape.header.dialect.as_ref()?.parse().ok());
        let (number, body) = exchange(args, &parsed.tape, &name)?;
        name = format!("{name}#{number}");
        (text, path) = body;
    } else if args.exchange.is_some() {
        let message = format!("{name}: --exchange names one of a tape, and this is none");
        return Err(Fault::new(message));
    }
    let Some(dialect) = dialect.or_else(|| Conversation::sniff(&text)) else {
        // What is wrong with a text that is no request is more to the point.
        let read = Conversation::parse(Dialect::Anthropic, &text);
        return Err(match read {
            Err(error) => Fault::new(format!("{name}: {error}")),
            Ok(_) => Fault::with_hint(
                format!("{name}: nothing in it shows which protocol it is"),
                "--dialect says it",
            ),
        });
    };
    let mut conversation = Conversation::parse(dialect, &text)
        .map_err(|error| Fault::new(format!("{name}: {error}")))?;
    conversation.take_path(&path);
    Ok(Request { name, conversation })
}

fn text(file: &Path, name: &str) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let read = match file.as_os_str() == "-" {
        true => io::stdin().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes),
        false => {
            File::open(file).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| Fault::new(format!("{name}: cannot read it: {error}")))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!("{name}: expected at most {FILE_BYTES_MAX} bytes, found more");
        return Err(Fault::new(message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Fault::new(format!("{name}: at byte {at}: expected UTF-8"))
    })
}

/// The request's body and its path, and which exchange it is of.
fn exchange(
    args: &BudgetArgs,
    tape: &Tape,
    name: &str,
) -> Result<(usize, (String, String)), Fault> {
    let count = tape.exchanges.len();
    let number = args.exchange.unwrap_or_else(|| count.saturating_sub(1));
    let Some(exchange) = tape.exchanges.get(number) else {
        return Err(Fault::with_hint(
            format!("{name}: expected an exchange below {count}, found {number}"),
            "exchanges are counted from 0",
        ));
    };
    let request = exchange.request.as_ref();
    match request.map(|request| (&request.body, &request.path)) {
        Some((Body::Json(text) | Body::Text(text), path)) => {
            Ok((number, (text.clone(), path.clone())))
        }
        _ => Err(Fault::new(format!(
            "{name}: exchange {number}: expected a request with a JSON body"
        ))),
    }
}

/// The model that the request names.
pub(super) fn model(conversation: &Conversation) -> Option<String> {
    Some(conversation.model()?.into_owned())
}
