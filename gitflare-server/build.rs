//! Tells the binary which commit it is built from: `BUILD_COMMIT` where that is set, as in a container
//! without the history, else what `git` says of this checkout. Neither is needed. Development builds do not
//! ask `git`: each commit would compile the package anew.
//!
//! No name here begins with `GITFLARE_`: Cargo hands them to what it runs, and an unknown setting of that
//! name stops the start.

#![expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script everything by its environment"
)]

use std::{env, path::Path, process::Command};

/// How many digits of a commit's name are shown.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BUILD_COMMIT");
    let given = env::var("BUILD_COMMIT").unwrap_or_default();
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = match given.is_empty() {
        false => Some(given),
        true if is_release => of_checkout(),
        true => None,
    };
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    match commit {
        None => tell(&version, ""),
        Some(commit) if is_commit(&commit) => {
            let commit = &commit[..commit.len().min(DIGITS)];
            tell(&format!("{version} ({commit})"), commit);
        }
        Some(_) => println!("cargo::error=BUILD_COMMIT must be 7 to 64 hexadecimal digits"),
    }
}

/// What the binary says of itself; an empty commit is not known.
fn tell(version: &str, commit: &str) {
    println!("cargo::rustc-env=BUILD_VERSION={version}");
    println!("cargo::rustc-env=BUILD_REVISION={commit}");
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The commit of the checkout that holds this package, and none where the sources lie in somebody else's.
fn of_checkout() -> Option<String> {
    let package = env::var_os("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&package).parent()?;
    // The folder itself: `git` would look further up, and where `GIT_DIR` leads.
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .arg("--git-dir")
            .arg(root.join(".git"))
            .arg("--work-tree")
            .arg(root);
        let output = command.args(arguments).output();
        let output = output.ok().filter(|it| it.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.trim().to_owned())
    };
    let own = root.join("gitflare-server/build.rs");
    git(&["ls-files", "--error-unmatch", own.to_str()?])?;
    // `HEAD` changes with the branch, its log with every commit. A file that is not there would build anew
    // each time.
    for name in ["HEAD", "logs/HEAD"] {
        let path = root.join(git(&["rev-parse", "--git-path", name])?);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(&["rev-parse", "HEAD"])
}
