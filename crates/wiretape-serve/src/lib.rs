//! A mock server that does what a player says.
