//! Text deltas into calls of a chat platform, at the pace it permits.
