//! A recording reverse proxy.
