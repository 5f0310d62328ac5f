//! The context budget.

mod thin;
