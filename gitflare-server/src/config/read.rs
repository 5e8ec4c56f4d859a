//! Which text counts for a setting, and where it came from: flag before environment before file
//! before default. An empty text counts as unset. Every wrong one is noted, so that all of them
//! are shown at once.

use std::{collections::BTreeMap, ffi::OsString, fmt, fs, path::Path};

use gitflare_core::Secret;
use toml::de::{DeTable, DeValue};

use super::table::Setting;

/// Where a text came from, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The table.
    Default,
    /// A command that starts from other defaults.
    Preset,
    /// A line of the configuration file.
    File {
        /// The file's name as given.
        name: String,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable.
    Environment,
    /// The command line.
    Flag,
    /// A command that leaves no choice.
    Fixed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Preset | Self::Fixed => f.write_str("sandbox"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// What is wrong with the configuration, as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(String);

impl Problem {
    /// A problem; the text is one line.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

/// Where several can be reported, one is a list too.
impl From<Problem> for Vec<Problem> {
    fn from(problem: Problem) -> Self {
        vec![problem]
    }
}

/// The texts that were given, the strongest for each setting.
#[derive(Clone, Debug, Default)]
pub struct Given {
    texts: BTreeMap<&'static str, (Origin, Secret<String>)>,
    problems: Vec<Problem>,
    unknown: Vec<String>,
}

impl Given {
    /// Gives a setting a text, unless a stronger one is there or this one is empty. A stronger
    /// [`Origin::Fixed`] one may be empty: it unsets.
    pub fn set(&mut self, setting: &'static Setting, origin: Origin, text: impl Into<String>) {
        let text = Secret::new(text.into());
        if text.expose().is_empty() && origin != Origin::Fixed {
            return;
        }
        match self.texts.get(setting.variable) {
            Some((stronger, _)) if *stronger > origin => {}
            _ => {
                self.texts.insert(setting.variable, (origin, text));
            }
        }
    }

    /// The text that counts, and where it came from; `None` for a setting without one.
    #[must_use]
    pub fn text(&self, setting: &'static Setting) -> Option<(&Origin, &str)> {
        match self.texts.get(setting.variable) {
            Some((origin, text)) if !text.expose().is_empty() => Some((origin, text.expose())),
            Some(_) => None,
            None => setting.default.map(|text| (&Origin::Default, text)),
        }
    }

    /// What could not be taken in.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Variables that bear our name and are no setting.
    #[must_use]
    pub fn unknown_variables(&self) -> &[String] {
        &self.unknown
    }

    /// Takes in environment variables. Unknown ones are other programs' business; those that bear
    /// our name are remembered, for they may be misspelt.
    pub fn environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        for (name, text) in variables {
            let Some(name) = name.to_str() else { continue };
            match (Setting::find(name), text.into_string()) {
                (Some(row), Ok(text)) if row.variable == name => {
                    self.set(row, Origin::Environment, text);
                }
                (Some(row), Err(_)) if row.variable == name => {
                    self.note(format!("{name} must be UTF-8"));
                }
                _ if name.starts_with("GITFLARE_") => {
                    // No reason to stop: Kubernetes makes up variables like GITFLARE_PORT.
                    self.unknown.push(name.to_owned());
                }
                _ => {}
            }
        }
    }

    /// Takes in a configuration file.
    pub fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let holds_secret = match fs::read_to_string(path) {
            Ok(text) => self.file_text(&name, &text),
            Err(error) => return self.note(format!("{name} cannot be read: {error}")),
        };
        match crate::keys::is_private(path) {
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
            let Some(row) = Setting::find(key.get_ref()).filter(|row| row.key() == **key.get_ref())
            else {
                let key: String = key
                    .get_ref()
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .collect();
                self.note(format!(
                    "{name}:{line}: `{key}` is not a setting (`gitflare --help` lists them)"
                ));
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

    pub(crate) fn note(&mut self, problem: impl Into<String>) {
        self.problems.push(Problem::new(problem));
    }
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

/// The line that names a setting where it was set, always with its variable.
pub(super) fn problem(setting: &Setting, origin: &Origin, rule: &str) -> String {
    let variable = setting.variable;
    match origin {
        Origin::Flag => format!("--{} ({variable}) {rule}", setting.flag()),
        Origin::File { name, line } => {
            format!("{name}:{line}: {} ({variable}) {rule}", setting.key())
        }
        _ => format!("{variable} {rule}"),
    }
}

/// Parses the texts that count, noting the wrong ones.
pub(super) struct Reader<'g> {
    given: &'g Given,
    problems: Vec<Problem>,
}

impl<'g> Reader<'g> {
    pub(super) fn new(given: &'g Given) -> Self {
        Self {
            given,
            problems: given.problems.clone(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// A setting that always has a value.
    pub(super) fn one<T>(
        &mut self,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.maybe(variable, parse)?;
        if value.is_none() {
            self.problems
                .push(Problem::new(format!("{variable} must be set")));
        }
        value
    }

    /// A setting that may have none.
    pub(super) fn maybe<T>(
        &mut self,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let setting = Setting::find(variable)?;
        let Some((origin, text)) = self.given.text(setting) else {
            return Some(None);
        };
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(rule) => {
                self.problems
                    .push(Problem::new(problem(setting, origin, &rule)));
                None
            }
        }
    }

    /// A setting with several values, separated by commas.
    pub(super) fn list<T>(
        &mut self,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let list = |text: &str| text.split(',').map(|part| parse(part.trim())).collect();
        self.maybe(variable, list).map(Option::unwrap_or_default)
    }
}
