//! `gitflare man`: the manual page in the `man` macros of roff, made from the tables of commands and
//! settings. What a setting is worth here and now is the business of `gitflare check`.

use std::fmt::Write;

use super::commands::COMMANDS;
use crate::config::{INSTANCE_SETTINGS, Setting};

const INTRODUCTION: &str = "\
.SH NAME
gitflare \\- one read API over Git hosting, with consent, a firewall and an audit log
.SH SYNOPSIS
.B gitflare
.RI [ COMMAND ]
.RI [ FLAGS ]
.SH DESCRIPTION
GitFlare stands between a SaaS and the Git hosting of its customers: a customer approves single
repositories, an app reads them in one shape, secrets are taken out, every read is logged. The server
serves its own documents under
.IR /docs .
.SH COMMANDS
";

const SETTINGS: &str = "\
.SH SETTINGS
A setting is a flag, an environment variable, or a line of
.I gitflare.toml
(or of the file of
.BR \\-\\-config ),
in this order of precedence. The variable of a secret also exists as
.IR NAME _FILE,
which names a file (mode 0600) that holds it.
";

const END: &str = "\
.SH SIGNALS
.TP
.BR SIGTERM ,\\  SIGINT
Take no new connections, finish the requests in flight, end. A second one ends at once.
.TP
.B SIGHUP
Read the configuration anew. When something is wrong with it, that is logged and everything stays as it
was; settings that cannot change while the server runs are named.
.SH EXIT STATUS
0 for success, 1 for a command that failed, 2 for a command line that is wrong.
.SH FILES
.TP
.I gitflare.toml
Settings, read from the working directory when it is there.
.TP
.I gitflare\\-data/
The databases and the keys that were made (GITFLARE_DATA_DIR).
";

/// The manual page.
#[must_use]
pub(crate) fn man() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(".TH GITFLARE 1 \"\" \"gitflare {version}\"\n{INTRODUCTION}");
    for row in COMMANDS {
        let _ = write!(page, ".TP\n.B {}", roff(row.name));
        if let Some(operand) = row.operand {
            let _ = write!(page, " \\fI{}\\fR", roff(operand));
        }
        page.push('\n');
        for line in row.meaning.lines() {
            let _ = writeln!(page, "{}", roff(line));
        }
    }
    page.push_str(SETTINGS);
    for row in Setting::all() {
        let value = if row.is_switch {
            "[=true|false]"
        } else {
            " VALUE"
        };
        let _ = writeln!(
            page,
            ".TP\n.BR \\-\\-{} \"{value}, \" {}\n{}",
            roff(&row.flag()),
            roff(row.variable),
            roff(row.meaning)
        );
        if let Some(default) = row.default() {
            let _ = writeln!(page, "Default: {}.", roff(default));
        }
    }
    page.push_str(
        ".SH FURTHER INSTANCES\nA table [provider.<id>] of gitflare.toml, or variables \
         GITFLARE_PROVIDER_<ID>_<KEY>, set up another instance of a kind of code host:\n",
    );
    for row in INSTANCE_SETTINGS {
        let _ = writeln!(page, ".TP\n.B {}\n{}", roff(row.key), roff(row.meaning));
    }
    page.push_str(END);
    page
}

/// A text as roff shows it: dashes as they are typed, and no line that begins a request.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_and_setting_and_no_stray_request() {
        let page = man();
        for row in COMMANDS {
            assert!(page.contains(&roff(row.name)), "{}", row.name);
        }
        for row in Setting::all() {
            assert!(page.contains(&roff(row.variable)), "{}", row.variable);
        }
        for line in page.lines().filter(|line| line.starts_with('.')) {
            let request = line.split(' ').next().unwrap();
            let known = [".TH", ".SH", ".TP", ".B", ".BR", ".I", ".IR", ".RI"];
            assert!(known.contains(&request), "{line}");
        }
    }
}
