//! `gitflare completions SHELL`: what a shell offers behind `gitflare`, made from the tables of
//! commands and settings. Values that are no word of a closed set are completed as file names; no server
//! and no file is looked at.

use std::fmt::Write;

use super::commands::{COMMANDS, HELP, Row, SHELLS};
use crate::config::{Problem, Setting};

/// The script of a shell.
///
/// # Errors
/// A shell that none is known for, as one line.
pub(crate) fn completions(shell: &str) -> Result<String, Problem> {
    match shell {
        "bash" => Ok(bash()),
        "zsh" => Ok(zsh()),
        "fish" => Ok(fish()),
        _ => Err(Problem::new(format!(
            "completions are made for {}",
            SHELLS.join(", ")
        ))),
    }
}

/// The first words of commands, each once.
fn first_words() -> Vec<&'static str> {
    let mut words: Vec<_> = COMMANDS.iter().map(|row| split(row).0).collect();
    words.dedup();
    words
}

/// The words that follow a first one, with what each means.
fn second_words(first: &str) -> Vec<(&'static str, &'static str)> {
    let of = |first: &str| COMMANDS.iter().find(|row| split(row).0 == first);
    if first == HELP {
        let all = first_words().into_iter();
        return all
            .map(|word| (word, of(word).map_or("", first_line)))
            .collect();
    }
    let own = of(first).into_iter();
    let own = own.flat_map(|row| row.words.iter().map(|word| (*word, first_line(row))));
    let rows = COMMANDS.iter().filter(|row| split(row).0 == first);
    let further = rows.filter_map(|row| Some((split(row).1?, first_line(row))));
    own.chain(further).collect()
}

/// The settings that are one of some words, but for switches: those stand alone.
fn of_words() -> impl Iterator<Item = (String, &'static [&'static str])> {
    let settings = Setting::all().filter(|row| !row.is_switch && !row.words.is_empty());
    settings.map(|row| (format!("--{}", row.flag()), row.words))
}

fn split(row: &Row) -> (&'static str, Option<&'static str>) {
    match row.name.split_once(' ') {
        Some((first, second)) => (first, Some(second)),
        None => (row.name, None),
    }
}

/// The flags that every command takes, with what each means.
fn flags() -> Vec<(String, &'static str)> {
    let own = [
        ("--config".to_owned(), "Read this file of settings"),
        ("--help".to_owned(), "Print the commands and settings"),
        ("--version".to_owned(), "Print the version"),
    ];
    let settings = Setting::all().map(|row| (format!("--{}", row.flag()), row.meaning));
    own.into_iter().chain(settings).collect()
}

fn first_line(row: &Row) -> &'static str {
    let line = row.meaning.lines().next().unwrap_or_default();
    line.trim_end_matches([';', ','])
}

fn bash() -> String {
    let flags: Vec<_> = flags().into_iter().map(|(flag, _)| flag).collect();
    let mut cases = String::new();
    for first in first_words() {
        let rows = COMMANDS.iter().filter(|row| split(row).0 == first);
        let own: Vec<_> = rows.flat_map(|row| row.flags).map(|flag| flag.0).collect();
        let seconds = second_words(first).into_iter();
        let seconds: Vec<_> = seconds.map(|(word, _)| word).collect();
        if !(own.is_empty() && seconds.is_empty()) {
            let (own, seconds) = (own.join(" "), seconds.join(" "));
            let _ = writeln!(cases, "    {first}) own='{own}' seconds='{seconds}' ;;");
        }
    }
    let mut values = String::new();
    for (flag, words) in of_words() {
        let words = words.join(" ");
        let _ = writeln!(
            values,
            "    {flag}) COMPREPLY=($(compgen -W '{words}' -- \"$current\")); return ;;"
        );
    }
    format!(
        "# gitflare completions bash > /etc/bash_completion.d/gitflare\n\
         _gitflare() {{\n\
         \x20 local current=${{COMP_WORDS[COMP_CWORD]}} own= seconds= words=\n\
         \x20 local before=${{COMP_WORDS[COMP_CWORD-1]}}\n\
         \x20 if [[ $current == = ]]; then current=\n\
         \x20 elif [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi\n\
         \x20 case $before in\n{values}  esac\n\
         \x20 case ${{COMP_WORDS[1]}} in\n{cases}  esac\n\
         \x20 case $current in\n\
         \x20   -*) words=\"$own {}\" ;;\n\
         \x20   *) case $COMP_CWORD in 1) words='{}' ;; 2) words=$seconds ;; esac ;;\n\
         \x20 esac\n\
         \x20 COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n\
         }}\n\
         complete -o default -F _gitflare gitflare\n",
        flags.join(" "),
        first_words().join(" "),
    )
}

fn zsh() -> String {
    let described = |name: &str, meaning: &str| {
        let text = format!("{}:{}", name.replace(':', "\\:"), meaning);
        format!(" {}", quoted(&text))
    };
    let mut text =
        "#compdef gitflare\n# gitflare completions zsh > \"${fpath[1]}/_gitflare\"\n".to_owned();
    text.push_str("local -a names flags seconds\nnames=(");
    for first in first_words() {
        let row = COMMANDS.iter().find(|row| split(row).0 == first);
        text.push_str(&described(first, row.map_or("", first_line)));
    }
    text.push_str(")\nflags=(");
    for (flag, meaning) in flags() {
        text.push_str(&described(&flag, meaning));
    }
    text.push_str(")\ncase $words[2] in\n");
    for first in first_words() {
        let rows = COMMANDS.iter().filter(|row| split(row).0 == first);
        let own = rows.flat_map(|row| row.flags.iter().map(move |flag| (flag.0, first_line(row))));
        let own: String = own.map(|(flag, of)| described(flag, of)).collect();
        let seconds = second_words(first).into_iter();
        let seconds: String = seconds
            .map(|(word, meaning)| described(word, meaning))
            .collect();
        if !(own.is_empty() && seconds.is_empty()) {
            let _ = writeln!(text, "  {first}) flags+=({own}) seconds=({seconds}) ;;");
        }
    }
    text.push_str("esac\ncase $words[CURRENT-1] in\n");
    for (flag, words) in of_words() {
        let _ = writeln!(text, "  {flag}) compadd {}; return ;;", words.join(" "));
    }
    text.push_str(
        "esac\n\
         if [[ $words[CURRENT] == -* ]]; then _describe flag flags\n\
         elif (( CURRENT == 2 )); then _describe command names\n\
         elif (( CURRENT == 3 && $#seconds )); then _describe command seconds\n\
         else _files; fi\n",
    );
    text
}

fn fish() -> String {
    let mut text =
        "# gitflare completions fish > ~/.config/fish/completions/gitflare.fish\n".to_owned();
    for first in first_words() {
        let row = COMMANDS.iter().find(|row| split(row).0 == first);
        let meaning = quoted(row.map_or("", first_line));
        let _ = writeln!(
            text,
            "complete -c gitflare -f -n __fish_use_subcommand -a {first} -d {meaning}"
        );
        for (second, meaning) in second_words(first) {
            let meaning = quoted(meaning);
            let _ = writeln!(
                text,
                "complete -c gitflare -f -n '__fish_seen_subcommand_from {first}' -a {second} -d {meaning}"
            );
        }
        for row in COMMANDS.iter().filter(|row| split(row).0 == first) {
            for (flag, has_value) in row.flags {
                let (flag, value) = (flag.trim_start_matches('-'), value_of(*has_value));
                let _ = writeln!(
                    text,
                    "complete -c gitflare -n '__fish_seen_subcommand_from {first}' -l {flag}{value}"
                );
            }
        }
    }
    for (flag, meaning) in flags() {
        let setting = Setting::find(&flag);
        let has_value = flag == "--config" || setting.is_some_and(|row| !row.is_switch);
        let words = setting.map_or(&[][..], |row| row.words);
        let value = match has_value && !words.is_empty() {
            true => format!(" -x -a '{}'", words.join(" ")),
            false => value_of(has_value).to_owned(),
        };
        let meaning = quoted(meaning);
        let flag = flag.trim_start_matches('-');
        let _ = writeln!(text, "complete -c gitflare -l {flag}{value} -d {meaning}");
    }
    text
}

const fn value_of(has_value: bool) -> &'static str {
    if has_value { " -r" } else { "" }
}

/// A text as one word of a shell. An apostrophe becomes another one: shells disagree on how it is
/// written.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "’").replace('\\', ""))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What bash offers for a line that is being typed.
    fn offered(words: &[&str]) -> Vec<String> {
        let typed: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let script = format!(
            "{}\nCOMP_WORDS=({}) COMP_CWORD={}\n_gitflare\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            bash(),
            typed.join(" "),
            words.len() - 1
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{told}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn bash_offers_commands_and_flags() {
        assert_eq!(offered(&["gitflare", "san"]), ["sandbox"]);
        assert_eq!(
            offered(&["gitflare", "user", ""]),
            [
                "create", "reset", "list", "disable", "enable", "sessions", "sign-out"
            ]
        );
        assert_eq!(
            offered(&["gitflare", "backup", "--ver"]),
            ["--verify", "--version"]
        );
        assert_eq!(
            offered(&["gitflare", "serve", "--public-"]),
            ["--public-url"]
        );
        assert_eq!(offered(&["gitflare", "serve", "zzz"]), [""]);
        assert_eq!(offered(&["gitflare", "completions", "z"]), ["zsh"]);
        assert_eq!(offered(&["gitflare", "help", "rest"]), ["restore"]);
    }

    #[test]
    fn bash_offers_the_words_of_a_closed_set() {
        for words in [
            &["gitflare", "serve", "--log-format", "j"][..],
            &["gitflare", "--log-format", "=", "j"],
        ] {
            assert_eq!(offered(words), ["json"], "{words:?}");
        }
        let all = ["open", "invite", "closed"];
        assert_eq!(offered(&["gitflare", "--signup", ""]), all);
        assert_eq!(offered(&["gitflare", "--signup", "="]), all);
        assert_eq!(offered(&["gitflare", "--listen", ""]), [""]);
    }

    #[test]
    fn every_shell_knows_every_command_and_setting() {
        for shell in SHELLS {
            let script = completions(shell).unwrap();
            for row in COMMANDS {
                for word in row.name.split(' ') {
                    assert!(script.contains(word), "{shell} {word}");
                }
            }
            for row in Setting::all() {
                assert!(script.contains(&row.flag()), "{shell} {}", row.variable);
            }
            // Every apostrophe opens or closes a word.
            for line in script.lines() {
                assert_eq!(line.matches('\'').count() % 2, 0, "{shell}: {line}");
            }
        }
        assert!(completions("tcsh").is_err());
    }
}
