//! What is shown of the findings: by severity and by code, without a script.

use std::collections::BTreeSet;

use super::{Page, sign};
use crate::report::Group;
use crate::{Code, Severity};

/// The filters that there are: for what was found.
pub(super) struct Filters {
    severities: BTreeSet<Severity>,
    codes: BTreeSet<Code>,
}

impl Filters {
    pub(super) fn of(groups: &[&Group]) -> Self {
        Self {
            severities: groups.iter().map(|group| group.severity).collect(),
            codes: groups.iter().map(|group| group.code).collect(),
        }
    }

    /// What a box that is not ticked hides.
    pub(super) fn rules(&self) -> String {
        let mut rules = String::new();
        let names = self.severities.iter().map(|severity| severity.name());
        let names = names.chain(self.codes.iter().map(|code| code.name()));
        for name in names {
            rules.push_str(&format!(
                "main:has(#only-{name}:not(:checked)) .finding.{name}{{display:none}}\n"
            ));
        }
        rules
    }

    /// The boxes.
    pub(super) fn put(&self, groups: &[&Group], page: &mut Page) {
        page.put("<div class=\"filters\">\n<fieldset><legend>Severity</legend>\n");
        for severity in self.severities.iter().rev() {
            let number = groups.iter().filter(|group| group.severity == *severity);
            let label = format!("{} {severity}", sign(*severity));
            put_box(severity.name(), &label, number.count(), page);
        }
        page.put("</fieldset>\n<fieldset><legend>Code</legend>\n");
        for code in &self.codes {
            let number = groups.iter().filter(|group| group.code == *code);
            put_box(code.name(), code.name(), number.count(), page);
        }
        page.put("</fieldset>\n</div>\n");
    }
}

fn put_box(name: &str, label: &str, number: usize, page: &mut Page) {
    page.put(&format!(
        "<label class=\"chip\"><input type=\"checkbox\" id=\"only-{name}\" checked autocomplete=\"off\"> \
         {label} <span class=\"n\">{number}</span></label>\n"
    ));
}
