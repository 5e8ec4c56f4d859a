//! The command line: which command, with which flags. The flags are the settings' own; what they
//! mean is the configuration's business.

mod check;
mod commands;
mod completions;
mod help;
mod man;
#[cfg(test)]
mod tests;

use std::{ffi::OsString, path::PathBuf};

pub(crate) use check::{check, providers};
use commands::{COMMANDS, DEFAULT, HELP, Row};
pub(crate) use completions::completions;
pub(crate) use help::help;
pub(crate) use man::man;

use crate::config::{Config, Given, Origin, Problem, Setting, hint};

/// Something about developer accounts: from the configuration and an address to what is printed.
pub(crate) type AboutAccount = fn(&Config, &str) -> Result<String, Problem>;

/// A command with its arguments.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve until SIGTERM or SIGINT.
    Serve(Arguments),
    /// Serve the sample repository from a temporary folder.
    Sandbox(Arguments),
    /// Show and judge the configuration.
    Check(Arguments),
    /// Copy the databases into one file.
    Backup(Arguments),
    /// Bring a backup back.
    Restore(Arguments),
    /// Ask or do something about the account of an address.
    User(AboutAccount, Arguments),
    /// List the sessions of an address, or end some.
    Sessions(Arguments),
    /// Seal everything anew with the primary master key.
    RotateKeys(Arguments),
    /// Ask a running server whether it can serve.
    Health(Arguments),
    /// Count the rows of the usage log anew.
    RebuildUsage(Arguments),
    /// Write the rows of the usage log as JSON lines.
    ExportUsage(Arguments),
    /// Move everything from SQLite files into a PostgreSQL database.
    Migrate(Arguments),
    /// Print the API as an OpenAPI document.
    Openapi(Arguments),
    /// Print what a shell offers behind the program's name.
    Completions(Arguments),
    /// Print the manual page.
    Man,
    /// Print what these commands are for; without any, all commands and settings.
    Help(Vec<&'static Row>),
    /// Print the version of this build.
    Version,
}

/// The flags of a command.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// The settings that were given as flags.
    pub(crate) given: Given,
    /// `--config`: the file to read.
    pub(crate) file: Option<PathBuf>,
    /// `--repos`: folders of repositories for the sandbox.
    pub(crate) repos: Vec<PathBuf>,
    /// What a command takes beside flags; never empty for a command that takes something.
    pub(crate) operand: String,
    /// The flags of the command itself that were given, with what followed them; `true` for a switch.
    own: Vec<(String, String)>,
}

impl Arguments {
    /// Whether a switch of the command itself was given.
    pub(crate) fn has(&self, switch: &str) -> bool {
        self.value(switch).is_some()
    }

    /// What followed a flag of the command itself.
    pub(crate) fn value(&self, flag: &str) -> Option<&str> {
        let mut given = self.own.iter();
        given.find_map(|(name, value)| (name == flag).then_some(value.as_str()))
    }
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// What is wrong with it, as one line.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Command, Problem> {
    let mut words = Vec::new();
    for arg in args {
        let text = arg.into_string();
        words.push(text.map_err(|_| Problem::new("the command line must be UTF-8"))?);
    }
    if let [first, second, ..] = words.as_slice()
        && matches!(second.as_str(), "-h" | "--help")
        && let Some(family) = family_of(first)
    {
        return Ok(Command::Help(family));
    }
    if let [first, about @ ..] = words.as_slice()
        && first == HELP
        && about.first().is_some_and(|word| !word.starts_with('-'))
    {
        return help_about(about);
    }
    let (row, words) = named(&words)?;
    let mut words = words.iter().peekable();
    let mut arguments = Arguments::default();
    let mut seen = Vec::new();
    while let Some(word) = words.next() {
        let (flag, inline) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        match flag {
            "-h" | "--help" => return Ok(Command::Help(vec![row])),
            "-V" | "--version" => return Ok(Command::Version),
            _ => {}
        }
        if let Some(operand) = row.operand
            && arguments.operand.is_empty()
            && !word.starts_with('-')
        {
            if !row.words.is_empty() && !row.words.contains(&word.as_str()) {
                let (name, shown, known) = (row.name, word.escape_debug(), row.words.join(", "));
                return Err(Problem::new(format!(
                    "`{shown}` is no {operand} of `{name}`, which are {known}"
                )));
            }
            arguments.operand.clone_from(word);
            continue;
        }
        let own = match flag {
            "--config" => Some(true),
            _ => row
                .flags
                .iter()
                .find_map(|(name, has_value)| (*name == flag).then_some(*has_value)),
        };
        let setting = flag
            .starts_with("--")
            .then(|| Setting::find(flag))
            .flatten();
        if own.is_none() && setting.is_none() {
            // Only the flag: its value may be a secret that was meant for another one.
            let flag = flag.escape_debug();
            if Row::find(&flag.to_string()).is_some() {
                return Err(Problem::new(format!(
                    "`{flag}` is a command, which goes before flags: gitflare {flag} ..."
                )));
            }
            let own = row.flags.iter().map(|(name, _)| (*name).to_owned());
            let settings = Setting::all().map(|setting| format!("--{}", setting.flag()));
            let known: Vec<_> = own.chain(settings).collect();
            let hint = hint(&flag.to_string(), known.iter().map(String::as_str));
            return Err(Problem::new(format!(
                "`{flag}` is not a flag of `{}`{hint}",
                row.name
            )));
        }
        let is_switch = own == Some(false) || setting.is_some_and(|setting| setting.is_switch);
        let value = match inline {
            Some(value) => value,
            None if is_switch => "true".to_owned(),
            None => words
                .next_if(|next| !next.starts_with("--"))
                .cloned()
                .ok_or_else(|| Problem::new(format!("{flag} needs a value")))?,
        };
        if flag != "--repos" && seen.iter().any(|other| other == flag) {
            return Err(Problem::new(format!("{flag} is given twice")));
        }
        seen.push(flag.to_owned());
        match (flag, setting) {
            (_, Some(setting)) => arguments.given.set(setting, Origin::Flag, value),
            ("--config", None) => arguments.file = Some(PathBuf::from(value)),
            ("--repos", None) => arguments.repos.push(PathBuf::from(value)),
            _ => arguments.own.push((flag.to_owned(), value)),
        }
    }
    match row.operand {
        Some(operand) if arguments.operand.is_empty() => Err(Problem::new(format!(
            "`{}` needs {operand}: gitflare {} {operand}",
            row.name, row.name
        ))),
        _ => Ok((row.command)(arguments)),
    }
}

/// The commands of two words that begin with one which is no command itself; `None` without any.
fn family_of(first: &str) -> Option<Vec<&'static Row>> {
    let family: Vec<_> = Row::family(first).collect();
    (Row::find(first).is_none() && !family.is_empty()).then_some(family)
}

/// What `help` in front of these words asks for.
///
/// # Errors
/// Words that name no command, as one line.
fn help_about(about: &[String]) -> Result<Command, Problem> {
    if let [first] = about
        && let Some(family) = family_of(first)
    {
        return Ok(Command::Help(family));
    }
    match named(about)? {
        (row, []) => Ok(Command::Help(vec![row])),
        (row, [other, ..]) => Err(Problem::new(format!(
            "`{}` is behind `{}`, whose help takes nothing more",
            other.escape_debug(),
            row.name
        ))),
    }
}

/// The command that the first words name, and the words behind it.
fn named(words: &[String]) -> Result<(&'static Row, &[String]), Problem> {
    let typed = words
        .iter()
        .take(2)
        .take_while(|word| !word.starts_with('-'))
        .collect::<Vec<_>>();
    let found = match typed.as_slice() {
        [] => Row::find(DEFAULT).map(|row| (row, words)),
        [first] => Row::find(first).map(|row| (row, &words[1..])),
        [first, second, ..] => Row::find(&format!("{first} {second}"))
            .map(|row| (row, &words[2..]))
            .or_else(|| Row::find(first).map(|row| (row, &words[1..]))),
    };
    found.ok_or_else(|| Problem::new(no_command(&typed)))
}

/// The line for words that name no command.
fn no_command(typed: &[&String]) -> String {
    let first = typed.first().map_or("", |word| word.as_str());
    let family: Vec<_> = Row::family(first)
        .map(|row| format!("`{}`", row.name))
        .collect();
    let shown = first.escape_debug();
    match (family.is_empty(), typed.get(1)) {
        (true, _) => {
            let hint = hint(first, COMMANDS.iter().map(|row| row.name));
            format!("`{shown}` is not a command of this version{hint}")
        }
        (false, None) => format!("`{shown}` needs one word more: {}", family.join(", ")),
        (false, Some(second)) => format!(
            "`{shown} {}` is not a command; there is {}",
            second.escape_debug(),
            family.join(", ")
        ),
    }
}
