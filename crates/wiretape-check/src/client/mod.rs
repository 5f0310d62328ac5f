//! The client as a process: one for each run, or one that works through many.
