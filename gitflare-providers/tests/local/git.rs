//! Runs the `git` program, shut off from every configuration but the repository's own.

use std::{
    ffi::OsStr,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Whether `git` can be run. Says so when not, and fails under CI.
#[expect(clippy::print_stdout, reason = "a skipped test must say why")]
pub(crate) fn is_available() -> bool {
    let available = Command::new("git")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !available {
        assert!(!is_ci(), "the `git` program is needed");
        println!("skipped: there is no `git` program");
    }
    available
}

pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// A repository that the tests look at with `git`.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    pub(crate) dir: PathBuf,
}

impl Git {
    pub(crate) fn init(dir: &Path, args: &[&str]) -> Self {
        std::fs::create_dir_all(dir).unwrap();
        let git = Self::at(dir);
        let init = ["init", "-q", "-b", "main"].iter().chain(args);
        git.run(init.copied());
        git
    }

    pub(crate) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
        }
    }

    /// Standard output of a command that must succeed.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Vec<u8> {
        self.feed(args, b"")
    }

    /// The same as text without white space at its ends.
    pub(crate) fn line<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        String::from_utf8(self.run(args)).unwrap().trim().to_owned()
    }

    /// The same with bytes on standard input.
    pub(crate) fn feed<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Vec<u8> {
        let mut child = self.command(args).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input).ok());
            child.wait_with_output().unwrap()
        });
        assert!(
            output.status.success(),
            "git failed in {}: {}",
            self.dir.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Whether a command succeeds.
    pub(crate) fn succeeds<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> bool {
        self.command(args).output().unwrap().status.success()
    }

    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new("git");
        command
            .args([
                "-c",
                "core.fsmonitor=false",
                "-c",
                "log.showSignature=false",
            ])
            .args([
                "-c",
                "i18n.logOutputEncoding=UTF-8",
                "-c",
                "core.quotePath=false",
            ])
            .args([
                "-c",
                "log.mailmap=false",
                "-c",
                "gc.auto=0",
                "-c",
                "diff.renames=true",
            ])
            .args(args)
            .current_dir(&self.dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.dir.parent().unwrap())
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.com")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}
