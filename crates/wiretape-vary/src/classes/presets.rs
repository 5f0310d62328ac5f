//! What one provider or server does, as a bundle of classes.

use super::Class;

/// A provider or server.
#[derive(Debug)]
#[non_exhaustive]
pub struct Preset {
    /// Its name: `groq`.
    pub name: &'static str,
    /// The tape dialect it is spoken in.
    pub dialect: &'static str,
    /// The classes that were met there, by id.
    pub classes: &'static [&'static str],
    /// What it does.
    pub about: &'static str,
}

impl Preset {
    /// The class is one of the preset's.
    #[must_use]
    pub fn has(&self, class: &Class) -> bool {
        self.classes.contains(&class.id)
    }
}

/// Every preset, in the catalogue's order.
#[must_use]
pub fn presets() -> &'static [Preset] {
    &[]
}

/// The preset of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    presets().iter().find(|preset| preset.name == name)
}
