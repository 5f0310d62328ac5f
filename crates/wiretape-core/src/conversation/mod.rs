//! A history in the shape of its dialect: each message as JSON text, byte for byte as it was stored.
