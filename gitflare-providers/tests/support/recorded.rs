//! Answers of real services, recorded by others. They are not part of this repository:
//! `GITFLARE_RECORDED` names their folder, else one beside the workspace is looked for.

use std::{env, fs, path::PathBuf};

/// The folder of one provider's recordings; says so when there is none.
pub(crate) fn folder(provider: &str) -> Option<PathBuf> {
    at(&format!("go-scm/{provider}"))
}

/// The folder of that path below all of them; says so when there is none.
pub(crate) fn at(path: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/recorded");
    let root = env::var_os("GITFLARE_RECORDED").map_or(beside, PathBuf::from);
    let folder = root.join(path);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recordings in {path}; GITFLARE_RECORDED names their folder");
    None
}

/// One recording.
pub(crate) fn read(folder: &std::path::Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
