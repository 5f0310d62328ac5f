//! Where a word begins: behind anything but a letter or a digit, an escape counting as one sign.

/// What stands before the next byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Edge {
    /// The beginning, a sign, or a whole escape such as `\n`, `\u003c`, `%2F`.
    #[default]
    Open,
    /// A letter or a digit.
    Word,
    /// A backslash: the next byte is what it escapes.
    Escape,
    /// So many hexadecimal digits of `\u` to come.
    Unicode(u8),
    /// So many hexadecimal digits of `%` to come.
    Percent(u8),
}

impl Edge {
    /// The next byte may begin a secret.
    pub(super) const fn opens(self, byte: u8) -> bool {
        match self {
            Self::Open | Self::Percent(2) => true,
            // In JSON these belong to the backslash.
            Self::Escape => !matches!(
                byte,
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u'
            ),
            Self::Word | Self::Unicode(_) | Self::Percent(_) => false,
        }
    }

    pub(super) const fn after(self, byte: u8) -> Self {
        match self {
            Self::Escape if byte == b'u' => Self::Unicode(4),
            Self::Escape => Self::Open,
            Self::Unicode(1) | Self::Percent(1) if byte.is_ascii_hexdigit() => Self::Open,
            Self::Unicode(more) if byte.is_ascii_hexdigit() => Self::Unicode(more - 1),
            Self::Percent(more) if byte.is_ascii_hexdigit() => Self::Percent(more - 1),
            _ if byte == b'\\' => Self::Escape,
            _ if byte == b'%' => Self::Percent(2),
            _ if byte.is_ascii_alphanumeric() => Self::Word,
            _ => Self::Open,
        }
    }
}
