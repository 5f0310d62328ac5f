//! The test kit, used as its users do.

mod agent_driver;
mod agent_http;
mod agent_loop;
mod agent_real;
mod client;
// A throttle over HTTP, against sinks.
mod forward;
mod load;
mod parity;
mod respond;
mod server;
mod snapshot;
mod strategy;
mod throughput;

/// Settings for snapshots of this folder.
fn settings(played: &str) -> insta::Settings {
    let mut settings = wiretape::snapshot::settings(played);
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings
}
