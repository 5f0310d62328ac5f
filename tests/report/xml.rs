//! What the XML promises.
