//! What a user of the test kit compiles, as cargo resolves it.

use std::collections::BTreeSet;
use std::process::Command;

use super::files::root;

/// The names of all crates that the kit brings in.
fn tree(features: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["tree", "--package", "wiretape", "--edges", "normal,build"])
        .args(["--prefix", "none", "--offline", "--locked", features])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let tree = String::from_utf8(output.stdout).unwrap();
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The crates of a tree whose names hold one of these words.
fn of<'a>(tree: &'a BTreeSet<String>, words: &[&str]) -> Vec<&'a str> {
    let has = |name: &&String| words.iter().any(|word| name.contains(word));
    tree.iter().filter(has).map(String::as_str).collect()
}

#[test]
fn the_test_kit_brings_no_tls() {
    let all = tree("--all-features");
    let tls = of(
        &all,
        &[
            "rustls",
            "ring",
            "openssl",
            "native-tls",
            "aws-lc",
            "schannel",
        ],
    );
    assert_eq!(tls, [""; 0], "a user of the test kit compiles no TLS");
    // This looks at the right tree.
    let there = of(
        &all,
        &[
            "wiretape-serve",
            "criterion",
            "insta",
            "proptest",
            "wiremock",
        ],
    );
    assert!(there.len() >= 5, "{there:?}");
}

#[test]
fn the_test_kit_brings_no_runtime_without_its_server() {
    let bare = tree("--no-default-features");
    let io = ["tokio", "hyper", "mio", "wiretape-serve", "wiretape-record"];
    assert_eq!(
        of(&bare, &io),
        [""; 0],
        "without features the kit has no tokio"
    );
    assert!(bare.contains("wiretape-vary"), "{bare:?}");
    let default = tree("--features=default");
    assert_eq!(of(&default, &["hyper", "wiretape-record"]), [""; 0]);
    assert!(default.contains("tokio"), "{default:?}");
}
