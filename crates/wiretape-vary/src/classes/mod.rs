//! The catalogue of failures: what is on the wire, what a naive client does, what is right.
