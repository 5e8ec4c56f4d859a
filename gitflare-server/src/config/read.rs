//! Where the texts of settings are read from: environment variables and `gitflare.toml`. Which text
//! counts in the end is [`super::given`]'s business.

use std::{ffi::OsString, fs, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    given::{Given, Origin, problem},
    instances::{INSTANCE_SETTINGS, InstanceSetting, PREFIX},
    secret_file,
    setting::Setting,
    spelling,
};
use crate::private::is_private;

impl Given {
    /// Takes in environment variables. Unknown ones are other programs' business, but for those
    /// that bear our name: they are misspelt, and a start without them would not be what was meant.
    pub fn environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        let mut secret_files = Vec::new();
        for (name, text) in variables {
            let Some(name) = name.to_str() else { continue };
            match (Setting::find(name), text.into_string()) {
                (Some(row), Ok(text)) if row.variable == name => {
                    self.set(row, Origin::Environment, text);
                }
                (Some(row), Err(_)) if row.variable == name => {
                    self.note(format!("{name} must be UTF-8"));
                }
                (None, text) if name.starts_with(PREFIX) => {
                    match (InstanceSetting::of_variable(name), text) {
                        (Some((id, row)), Ok(text)) => {
                            self.set_instance(&id, row.key, Origin::Environment, text);
                        }
                        (Some(_), Err(_)) => self.note(format!("{name} must be UTF-8")),
                        (None, _) => self.note(spelling::refusal(name)),
                    }
                }
                (None, text) => match (secret_file::setting(name), text) {
                    (Some(row), Ok(path)) => secret_files.push((row, path)),
                    (Some(_), Err(_)) => self.note(format!("{name} must be UTF-8")),
                    (None, _) if !name.starts_with("GITFLARE_") => {
                        if let Some(line) = spelling::misspelt_prefix(name) {
                            self.note(line);
                        }
                    }
                    (None, _) if spelling::is_made_up(name) => {}
                    (None, _) => self.note(spelling::refusal(name)),
                },
                // A flag or a key of the file, which is no variable.
                _ => {}
            }
        }
        for (row, path) in secret_files {
            self.secret_file(row, &path);
        }
    }

    /// Takes in the secret that the variable `<SETTING>_FILE` names a file of.
    fn secret_file(&mut self, row: &'static Setting, path: &str) {
        let variable = row.variable;
        if path.is_empty() {
            return;
        }
        if matches!(self.text(row), Some((Origin::Environment, _))) {
            return self.note(format!("{variable}_FILE must not be set beside {variable}"));
        }
        match secret_file::read(Path::new(path)) {
            Ok(secret) => {
                let name = path.to_owned();
                self.set(row, Origin::SecretFile { name }, secret);
            }
            Err(rule) => self.note(format!("{variable}_FILE {rule}")),
        }
    }

    /// Takes in a configuration file.
    pub fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let holds_secret = match fs::read_to_string(path) {
            Ok(text) => self.file_text(&name, &text),
            Err(error) => return self.note(format!("{name} cannot be read: {error}")),
        };
        match is_private(path) {
            Ok(false) if holds_secret => self.note(format!(
                "{name} holds a secret and others may read it: run `chmod 600 {name}`"
            )),
            Ok(_) => {}
            Err(error) => self.note(format!("{name} cannot be examined: {error}")),
        }
    }

    /// Takes in the lines of a file; whether one of them is a secret.
    fn file_text(&mut self, name: &str, text: &str) -> bool {
        let line_of = |at: usize| text[..at].matches('\n').count() + 1;
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(span.start));
                // The parser's message would show the line, and a secret may stand in it.
                self.note(format!("{name}:{line} is not valid TOML"));
                return false;
            }
        };
        let mut holds_secret = false;
        for (key, value) in table.get_ref() {
            let line = line_of(key.span().start);
            if key.get_ref() == "provider"
                && let DeValue::Table(instances) = value.get_ref()
            {
                holds_secret |= self.instances(name, &line_of, instances);
                continue;
            }
            let Some(row) = Setting::find(key.get_ref()).filter(|row| row.key() == **key.get_ref())
            else {
                let keys: Vec<_> = Setting::all().map(Setting::key).collect();
                let hint = way_out(key.get_ref(), keys.iter().map(String::as_str));
                let key = printable(key.get_ref());
                self.note(format!("{name}:{line}: `{key}` is not a setting{hint}"));
                continue;
            };
            let origin = Origin::File {
                name: name.to_owned(),
                line,
            };
            holds_secret |= row.is_secret;
            match plain(value.get_ref()) {
                Some(text) => self.set(row, origin, text),
                None => {
                    let rule = "must be a string, a whole number, a boolean or a list of strings";
                    self.note(problem(row, &origin, rule));
                }
            }
        }
        holds_secret
    }

    /// Takes in the tables `[provider.<id>]`; whether one of their lines is a secret.
    fn instances(
        &mut self,
        name: &str,
        line_of: &dyn Fn(usize) -> usize,
        instances: &DeTable<'_>,
    ) -> bool {
        let mut holds_secret = false;
        for (id, table) in instances {
            let line = line_of(id.span().start);
            let DeValue::Table(table) = table.get_ref() else {
                self.note(format!(
                    "{name}:{line}: `provider` holds tables: `[provider.<id>]`"
                ));
                continue;
            };
            for (key, value) in table {
                let line = line_of(key.span().start);
                let text = plain(value.get_ref());
                let (Some(row), Some(text)) = (InstanceSetting::find(key.get_ref()), text) else {
                    let known = INSTANCE_SETTINGS.iter().map(|row| row.key);
                    let others = known.filter(|name| *name != key.get_ref());
                    let hint = way_out(key.get_ref(), others);
                    let (id, key) = (printable(id.get_ref()), printable(key.get_ref()));
                    self.note(format!(
                        "{name}:{line}: `{key}` of [provider.{id}] is not a setting with a text{hint}"
                    ));
                    continue;
                };
                holds_secret |= row.is_secret;
                let origin = Origin::File {
                    name: name.to_owned(),
                    line,
                };
                self.set_instance(id.get_ref(), row.key, origin, text);
            }
        }
        holds_secret
    }
}

/// What to do about a name that is no setting.
fn way_out<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> String {
    match spelling::hint(typed, names) {
        hint if hint.is_empty() => " (`gitflare --help` lists them)".to_owned(),
        hint => hint,
    }
}

/// A key as it may be shown on a terminal.
fn printable(key: &str) -> String {
    key.chars().filter(char::is_ascii_graphic).collect()
}

/// A value of the file as the text that the environment would hold.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}
