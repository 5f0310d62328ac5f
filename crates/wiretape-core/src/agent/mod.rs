//! The agent's loop as a machine in virtual time.
