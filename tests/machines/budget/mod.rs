//! The context budget.
