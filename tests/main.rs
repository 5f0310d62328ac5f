//! All tests of the workspace that drive its public surface.
