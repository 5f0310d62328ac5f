//! Steps of the agent's loop and seeds of its simulation, per second.

fn main() {}
