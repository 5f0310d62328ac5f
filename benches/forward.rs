//! Steps of the throttle per second.

fn main() {}
