//! Clients with planted bugs: each is found, and shrunk; a correct client beside them is not accused.
