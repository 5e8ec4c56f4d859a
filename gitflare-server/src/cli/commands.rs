//! Every command as one row: its words, what it takes, what it does. Parsing and `--help` come from
//! these rows.

use super::{Arguments, Command};
use crate::accounts;

/// A command as it is typed.
#[derive(Debug)]
pub(crate) struct Row {
    /// One word, or two.
    pub(super) name: &'static str,
    /// The name of what it takes beside flags; `None` when it takes nothing.
    pub(super) operand: Option<&'static str>,
    /// The words that it takes there; empty where it takes anything.
    pub(super) words: &'static [&'static str],
    /// The flags that are its own, each with whether a value follows.
    pub(super) flags: &'static [(&'static str, bool)],
    /// What it does, for `--help`; lines of at most 88 characters.
    pub(super) meaning: &'static str,
    pub(super) command: fn(Arguments) -> Command,
}

const fn row(name: &'static str, command: fn(Arguments) -> Command, meaning: &'static str) -> Row {
    Row {
        name,
        operand: None,
        words: &[],
        flags: &[],
        meaning,
        command,
    }
}

impl Row {
    const fn takes(mut self, operand: &'static str) -> Self {
        self.operand = Some(operand);
        self
    }

    const fn among(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    const fn flags(mut self, flags: &'static [(&'static str, bool)]) -> Self {
        self.flags = flags;
        self
    }

    pub(super) fn find(name: &str) -> Option<&'static Self> {
        COMMANDS.iter().find(|row| row.name == name)
    }

    /// The commands of two words that begin with this one.
    pub(super) fn family(first: &str) -> impl Iterator<Item = &'static Self> {
        COMMANDS.iter().filter(move |row| {
            let rest = row.name.strip_prefix(first);
            !first.is_empty() && rest.is_some_and(|rest| rest.starts_with(' '))
        })
    }
}

/// The command that takes another one's name.
pub(super) const HELP: &str = "help";

/// The shells that completions are made for.
pub(super) const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// The command of a command line that names none.
pub(super) const DEFAULT: &str = "serve";

/// In the order of `--help`.
pub(super) const COMMANDS: &[Row] = &[
    row(DEFAULT, Command::Serve, "Serve until stopped (the default)"),
    row(
        "sandbox",
        Command::Sandbox,
        "Serve a sample repository on loopback, from a fresh folder that goes at the end;\n\
         --repos PATH adds a folder of your own repositories",
    )
    .flags(&[("--repos", true)]),
    row(
        "health",
        Command::Health,
        "Ask the server of these settings whether it can serve",
    ),
    row(
        "check",
        Command::Check,
        "Print every setting with its value and origin, then what is wrong with them, and what\n\
         a start would find in the data folder or database; nothing is made or changed",
    ),
    row(
        "backup",
        Command::Backup,
        "Copy both databases into one file, while a server runs or not; keys are not in it.\n\
         --verify restores it into a scratch folder and checks every page",
    )
    .takes("FILE")
    .flags(&[("--verify", false)]),
    row(
        "restore",
        Command::Restore,
        "Bring a backup back into a data folder without a database. Sessions, codes and\n\
         access tokens end; --keep-credentials leaves them as they were then",
    )
    .takes("FILE")
    .flags(&[("--keep-credentials", false)]),
    row(
        "user create",
        |arguments| Command::User(accounts::create, arguments),
        "Make a one-time link with which the person of that address makes an account",
    )
    .takes("EMAIL"),
    row(
        "user reset",
        |arguments| Command::User(accounts::reset, arguments),
        "Make a one-time link with which that person chooses a new password",
    )
    .takes("EMAIL"),
    row(
        "user list",
        |arguments| Command::User(|config, _| accounts::list(config), arguments),
        "List the people who have an account",
    ),
    row(
        "user disable",
        |arguments| Command::User(accounts::disable, arguments),
        "Sign a person out and let them in no more; their apps go on",
    )
    .takes("EMAIL"),
    row(
        "user enable",
        |arguments| Command::User(accounts::enable, arguments),
        "Let that person sign in again",
    )
    .takes("EMAIL"),
    row(
        "user sessions",
        Command::Sessions,
        "List where that person is signed in; --end ID ends one of them, --end-all every one.\n\
         What agents may read for them goes on",
    )
    .takes("EMAIL")
    .flags(&[("--end", true), ("--end-all", false)]),
    row(
        "user sign-out",
        |arguments| Command::User(accounts::sign_out, arguments),
        "End every session of that person, and what agents may read for them; they can sign in\n\
         again",
    )
    .takes("EMAIL"),
    row(
        "rotate-keys",
        Command::RotateKeys,
        "Seal everything anew with the first key of GITFLARE_MASTER_KEY, while no server runs;\n\
         a server with several keys does the same by itself",
    ),
    row(
        "usage rebuild",
        Command::RebuildUsage,
        "Count the rows of the usage log anew, while no server runs",
    ),
    row(
        "usage export",
        Command::ExportUsage,
        "Write the usage log to standard output as JSON lines, the oldest read first: --from and\n\
         --to narrow it to a time (RFC 3339). On SQLite while no server runs",
    )
    .flags(&[("--from", true), ("--to", true)]),
    row(
        "migrate",
        Command::Migrate,
        "Move everything from SQLite files into an empty PostgreSQL database, while no server\n\
         runs: --from sqlite:FOLDER, --to postgres://... (GITFLARE_DATABASE_URL when it is left\n\
         out). Row by row it is compared; when it was cut off, run it again. Keys stay the same",
    )
    .flags(&[("--from", true), ("--to", true)]),
    row(
        "openapi",
        Command::Openapi,
        "Print the API as an OpenAPI document; with --typescript or --python a typed client of\n\
         it, one file without dependencies",
    )
    .flags(&[("--typescript", false), ("--python", false)]),
    row(
        "completions",
        Command::Completions,
        "Print a script that completes commands and flags, for bash, zsh or fish",
    )
    .takes("SHELL")
    .among(SHELLS),
    row("man", |_| Command::Man, "Print the manual page (roff)"),
    row(
        HELP,
        |_| Command::Help(Vec::new()),
        "Print this, or what the command is for that stands behind it",
    ),
    row("version", |_| Command::Version, "Print the version"),
];
