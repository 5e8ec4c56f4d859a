//! The command line: which command, with which flags. The flags are the settings' own; what they
//! mean is the configuration's business.

mod check;
mod help;
#[cfg(test)]
mod tests;

use std::{ffi::OsString, path::PathBuf};

pub(crate) use check::{check, providers};
pub(crate) use help::help;

use crate::config::{Given, Origin, Problem, Setting};

/// A command with its arguments.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve until SIGTERM or SIGINT.
    Serve(Arguments),
    /// Serve the sample repository from a temporary folder.
    Sandbox(Arguments),
    /// Show and judge the configuration.
    Check(Arguments),
    /// Seal everything anew with the primary master key.
    RotateKeys(Arguments),
    /// Ask a running server whether it can serve.
    Health(Arguments),
    /// Count the rows of the usage log anew.
    RebuildUsage(Arguments),
    /// Print the API as an OpenAPI document.
    Openapi(Arguments),
    /// Print the commands and settings.
    Help,
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
    let mut words = words.into_iter().peekable();
    let mut named = words.next_if(|word| !word.starts_with('-'));
    if named.as_deref() == Some("usage")
        && let Some(what) = words.next_if(|word| !word.starts_with('-'))
    {
        named = Some(format!("usage {what}"));
    }
    let command = named.as_deref().unwrap_or("serve");
    if ![
        "serve",
        "sandbox",
        "check",
        "rotate-keys",
        "health",
        "usage rebuild",
        "openapi",
        "help",
        "version",
    ]
    .contains(&command)
    {
        return Err(Problem::new(format!(
            "`{}` is not a command of this version",
            command.escape_debug()
        )));
    }
    let mut arguments = Arguments::default();
    let mut seen = Vec::new();
    while let Some(word) = words.next() {
        let (flag, inline) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        match flag {
            "-h" | "--help" => return Ok(Command::Help),
            "-V" | "--version" => return Ok(Command::Version),
            _ => {}
        }
        let is_own = flag == "--config" || (flag == "--repos" && command == "sandbox");
        let setting = flag
            .starts_with("--")
            .then(|| Setting::find(flag))
            .flatten();
        let is_switch = setting.is_some_and(|setting| setting.is_switch);
        if !is_own && setting.is_none() {
            // Only the flag: its value may be a secret that was meant for another one.
            let flag = flag.escape_debug();
            return Err(Problem::new(format!(
                "`{flag}` is not a flag of `{command}`"
            )));
        }
        let value = match inline {
            Some(value) => value,
            None if is_switch => "true".to_owned(),
            None => words
                .next_if(|next| !next.starts_with("--"))
                .ok_or_else(|| Problem::new(format!("{flag} needs a value")))?,
        };
        if flag != "--repos" && seen.iter().any(|other| other == flag) {
            return Err(Problem::new(format!("{flag} is given twice")));
        }
        seen.push(flag.to_owned());
        match (flag, setting) {
            (_, Some(setting)) => arguments.given.set(setting, Origin::Flag, value),
            ("--config", None) => arguments.file = Some(PathBuf::from(value)),
            _ => arguments.repos.push(PathBuf::from(value)),
        }
    }
    Ok(match command {
        "sandbox" => Command::Sandbox(arguments),
        "check" => Command::Check(arguments),
        "rotate-keys" => Command::RotateKeys(arguments),
        "health" => Command::Health(arguments),
        "usage rebuild" => Command::RebuildUsage(arguments),
        "openapi" => Command::Openapi(arguments),
        "help" => Command::Help,
        "version" => Command::Version,
        _ => Command::Serve(arguments),
    })
}
