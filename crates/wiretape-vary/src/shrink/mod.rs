//! The smallest scenario and tape that still show it.
