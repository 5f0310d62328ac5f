//! What of a conversation fits into the context window: a pure plan, and the view it gives.
