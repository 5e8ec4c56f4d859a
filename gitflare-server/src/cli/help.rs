//! `gitflare --help`: the commands, and the settings as the table has them.

use std::fmt::Write;

use super::commands::{COMMANDS, DEFAULT, Row};
use crate::config::{INSTANCE_SETTINGS, Setting};

const HEAD: &str = "\
GitFlare: one read API over Git hosting, with consent, a firewall and an audit log

Usage: gitflare [COMMAND] [FLAGS]

Commands:
";

const SETTINGS: &str = "
Settings are flags, environment variables or lines of gitflare.toml (or of --config PATH), in this
order of precedence. Secrets are better not given as flags: other users can see them. The variable
of a secret also exists as <NAME>_FILE, which names a file (mode 0600) that holds it.

";

/// A command and what it does: beside its name when that is short, else below it.
fn command(row: &Row) -> String {
    let name = match row.operand {
        Some(operand) => format!("{} {operand}", row.name),
        None => row.name.to_owned(),
    };
    let mut text = format!("  {name:<9}  ");
    for (number, line) in row.meaning.lines().enumerate() {
        if number > 0 || name.len() > 9 {
            text.push_str("\n             ");
        }
        text.push_str(line);
    }
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// The text of `--help` behind commands; none, and the default command, stand for all of them.
#[must_use]
pub(crate) fn help(commands: &[&Row]) -> String {
    match commands {
        [] => everything(),
        [row] if row.name == DEFAULT => everything(),
        rows => rows
            .iter()
            .map(|row| alone(row))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// What a command is for and how it is written.
fn alone(row: &Row) -> String {
    let operand = row.operand.map(|operand| format!(" {operand}"));
    let flags: String = row
        .flags
        .iter()
        .map(|(flag, has_value)| format!(" [{flag}{}]", if *has_value { " VALUE" } else { "" }))
        .collect();
    format!(
        "{}\n\nUsage: gitflare {}{}{flags} [SETTINGS]\n\nEvery setting is a flag too: `gitflare --help` \
         lists them.\n",
        row.meaning,
        row.name,
        operand.unwrap_or_default(),
    )
}

/// The commands, then every setting with its flag, variable and default.
fn everything() -> String {
    let commands: String = COMMANDS.iter().map(command).collect();
    let mut text = [HEAD, &commands, SETTINGS].concat();
    for row in Setting::all() {
        let value = if row.is_switch {
            "[=true|false]"
        } else {
            " VALUE"
        };
        let _ = write!(
            text,
            "  --{}{value}\n      {}\n      {}",
            row.flag(),
            row.meaning,
            row.variable
        );
        let _ = match row.default() {
            Some(default) => writeln!(text, ", default {default}"),
            None => writeln!(text),
        };
    }
    text.push_str(
        "\nFurther instances of a kind of code host, each a table [provider.<id>] of gitflare.toml, or\n\
         variables GITFLARE_PROVIDER_<ID>_<KEY> (dashes of the id become underscores):\n\n",
    );
    for row in INSTANCE_SETTINGS {
        let _ = writeln!(text, "  {}\n      {}", row.key, row.meaning);
    }
    text
}
