//! What the ids of warnings mean, in words.

/// Every id that the reader counts.
const NAMES: [(&str, &str); 22] = [
    ("F-03", "bytes that are not UTF-8"),
    ("F-05", "half a surrogate pair"),
    ("F-15c", "a comment sent as data"),
    ("F-17", "an unknown field or a wrong event name"),
    ("F-17b", "a payload that is no object"),
    ("F-18", "arguments that are null"),
    ("F-19", "arguments that are no string, or one twice"),
    ("F-24", "a call's index is missing or used again"),
    ("F-25", "a call's name in several pieces"),
    ("F-26", "a delta behind the stop reason"),
    ("F-30", "no last event"),
    ("F-31", "cut inside an event"),
    ("F-32", "something after the end"),
    ("F-35", "a second start"),
    ("F-36", "blocks out of order"),
    ("F-40", "an error in a field of its own"),
    ("F-42", "a whole reply in one frame"),
    ("F-51", "a thought between tags in the text"),
    ("F-54", "arguments by path without their last piece"),
    ("F-55", "text that no delta brought, only its last word"),
    ("F-56", "an unknown event, block or delta"),
    ("F-58", "text that came before, again"),
];

/// What an id means; nothing for one that is not known here.
pub(crate) fn name(id: &str) -> &'static str {
    let known = NAMES.iter().find(|(known, _)| *known == id);
    known.map_or("", |(_, name)| name)
}

/// The ids and names for a help text, a line each.
pub(crate) fn listing() -> String {
    let mut text = String::from("Ids in warnings, each with how often it was seen:\n");
    for (id, name) in NAMES {
        text.push_str(&format!("  {id:<6} {name}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::{env, fs};

    /// The ids that stand as strings in the sources of a folder.
    fn ids(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ids(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let is_id = |part: &&str| {
                part.strip_prefix("F-").is_some_and(|rest| {
                    rest.starts_with(|c: char| c.is_ascii_digit())
                        && rest.chars().all(|c| c.is_ascii_alphanumeric())
                })
            };
            found.extend(text.split('"').filter(is_id).map(str::to_owned));
        }
    }

    #[test]
    fn every_id_that_is_counted_has_a_name() {
        let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wiretape-core/src");
        let mut counted = BTreeSet::new();
        ids(&core, &mut counted);
        let named: BTreeSet<String> = super::NAMES.iter().map(|(id, _)| (*id).into()).collect();
        assert_eq!(counted, named);
    }
}
