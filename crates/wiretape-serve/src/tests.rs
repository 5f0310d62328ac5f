//! What is tested without a socket.
