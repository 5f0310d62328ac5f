//! The recorder over real sockets: an upstream server that sends exactly the bytes a test says, a
//! client that sees exactly the bytes that come, and the tape.

mod ends;
mod heads;
mod loss;
mod many;
mod requests;
mod secrets;
mod support;
mod tls;
