//! The repositories that the contract tests read, made by `git` once per run.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Stands in a file and a message of `octo/hello`; no answer may hold it.
pub(crate) const PLANTED_SECRET: &str = "kW8vQz2LmN5xRt7YpB3cJ6hF";

/// How many commits `octo/hello` has on `main`.
pub(crate) const COMMITS: usize = 30;

/// The folder with `octo/hello`, `octo/other` and `solo`; `None`, said aloud, without `git`.
pub(crate) fn repositories() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join(format!("contract-{}", std::process::id()));
            if Command::new("git").arg("--version").output().is_err() {
                assert!(std::env::var_os("CI").is_none(), "the tests need git");
                return None;
            }
            make(&folder.join("octo/hello"), &hello());
            make(&folder.join("octo/other"), &small("other"));
            make(&folder.join("solo"), &small("solo"));
            Some(folder)
        })
        .as_deref()
}

/// What `git rev-parse` says of a revision of `octo/hello`.
pub(crate) fn commit_of(revision: &str) -> String {
    let folder = repositories().unwrap().join("octo/hello");
    let output = git(&folder).args(["rev-parse", revision]).output().unwrap();
    assert!(output.status.success(), "{revision}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

fn make(folder: &Path, stream: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let init = git(folder)
        .args(["init", "--quiet", "--bare", "--initial-branch=main", "."])
        .status();
    assert!(init.unwrap().success());
    let mut import = git(folder)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(import.wait().unwrap().success());
}

/// `main` with a `.env` and a planted secret at its tip, two more branches, two tags.
fn hello() -> String {
    let mut stream = String::new();
    for n in 1..=COMMITS {
        let message = format!("Change number {n}");
        stream += &commit(
            "main",
            n,
            &message,
            &[("README.md", &format!("Version {n}\n"))],
        );
    }
    let code = format!("host = \"example\"\napi_key = \"{PLANTED_SECRET}\"\n");
    let message = format!("Configure\n\npassword = \"{PLANTED_SECRET}\"");
    let files = [
        ("src/config.py", code.as_str()),
        (".env", "TOKEN=abcdefghijklmnop\n"),
        ("docs/guide.md", "Read me.\n"),
    ];
    stream += &commit("main", COMMITS + 1, &message, &files);
    stream += &format!(
        "reset refs/heads/feature/one\nfrom :{}\n\n",
        COMMITS + 1 - 2
    );
    stream += &format!("reset refs/heads/old\nfrom :{}\n\n", COMMITS + 1 - 9);
    stream += &format!("reset refs/tags/v1\nfrom :{}\n\n", COMMITS + 1 - 5);
    stream += &format!("reset refs/tags/v2\nfrom :{}\n\n", COMMITS + 1);
    stream
}

fn small(name: &str) -> String {
    commit("main", 1, "Begin", &[("README.md", name)])
}

fn commit(branch: &str, n: usize, message: &str, files: &[(&str, &str)]) -> String {
    let when = 1_700_000_000 + n * 60;
    let mut text = format!(
        "commit refs/heads/{branch}\nmark :{n}\ncommitter Ann <ann@example.com> {when} +0000\ndata {}\n{message}\n",
        message.len()
    );
    for (path, content) in files {
        text += &format!(
            "M 100644 inline {path}\ndata {}\n{content}\n",
            content.len()
        );
    }
    text + "\n"
}
