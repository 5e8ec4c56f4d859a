//! `gitflare --help`: the commands, and the settings as the table has them.

use std::fmt::Write;

use crate::config::{INSTANCE_SETTINGS, Setting};

const COMMANDS: &str = "\
GitFlare: one read API over Git hosting, with consent, a firewall and an audit log

Usage: gitflare [COMMAND] [FLAGS]

Commands:
  serve      Serve until stopped (the default)
  sandbox    Serve a sample repository on loopback, from a fresh folder that goes at the end;
             --repos PATH adds a folder of your own repositories
  health     Ask the server of these settings whether it can serve
  check      Print every setting with its value and origin, then what is wrong with them
  rotate-keys
             Seal everything anew with the first key of GITFLARE_MASTER_KEY, while no server runs;
             a server with several keys does the same by itself
  usage rebuild
             Count the rows of the usage log anew, while no server runs
  openapi    Print the API as an OpenAPI document
  help       Print this
  version    Print the version

Settings are flags, environment variables or lines of gitflare.toml (or of --config PATH), in this
order of precedence. Secrets are better not given as flags: other users can see them. The variable
of a secret also exists as <NAME>_FILE, which names a file (mode 0600) that holds it.

";

/// The text of `--help`: commands, then every setting with its flag, variable and default.
#[must_use]
pub(crate) fn help() -> String {
    let mut text = COMMANDS.to_owned();
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
        let _ = match row.default {
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
