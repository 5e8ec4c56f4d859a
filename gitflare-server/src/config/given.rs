//! Which text counts for a setting, and where it came from: flag before environment before file
//! before default. An empty text counts as unset. Every wrong one is noted, so that all of them
//! are shown at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use gitflare_core::{Error, Secret};

use super::setting::Setting;

/// Source of a value, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The default of the table of settings.
    Default,
    /// A command that starts from other defaults.
    Preset,
    /// A line of the configuration file.
    File {
        /// The file's name as given.
        name: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A file that the variable `<SETTING>_FILE` names.
    SecretFile {
        /// The file's name as given.
        name: String,
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
            Self::SecretFile { name } => f.write_str(name),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// A fault of the configuration, as one line.
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

/// The operator reads what the log would hold.
impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Self::new(error.detail().unwrap_or_else(|| error.message()))
    }
}

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
    /// What is set about each instance, by its id and the setting's key.
    instances: BTreeMap<String, BTreeMap<&'static str, (Origin, Secret<String>)>>,
}

impl Given {
    /// Gives a setting a text, unless a stronger one is there or this one is empty. A stronger
    /// [`Origin::Fixed`] one may be empty: it unsets.
    pub fn set(&mut self, setting: &'static Setting, origin: Origin, text: impl Into<String>) {
        give(&mut self.texts, setting.variable, origin, text.into());
    }

    /// Gives a setting of an instance a text, by the same rules.
    pub(super) fn set_instance(
        &mut self,
        id: &str,
        key: &'static str,
        origin: Origin,
        text: String,
    ) {
        if text.is_empty() && !self.instances.contains_key(id) {
            return;
        }
        let texts = self.instances.entry(id.to_owned()).or_default();
        give(texts, key, origin, text);
    }

    /// The ids of the instances of which anything is set.
    pub(crate) fn instance_ids(&self) -> impl Iterator<Item = &str> {
        self.instances.keys().map(String::as_str)
    }

    /// The text of an instance's setting, and where it came from; `None` when unset.
    #[must_use]
    pub(crate) fn instance_text(&self, id: &str, key: &str) -> Option<(&Origin, &str)> {
        let (origin, text) = self.instances.get(id)?.get(key)?;
        Some((origin, text.expose()))
    }

    /// The text that counts, and where it came from; `None` for a setting without one.
    #[must_use]
    pub fn text(&self, setting: &'static Setting) -> Option<(&Origin, &str)> {
        match self.texts.get(setting.variable) {
            Some((origin, text)) if !text.expose().is_empty() => Some((origin, text.expose())),
            Some(_) => None,
            None => setting.default().map(|text| (&Origin::Default, text)),
        }
    }

    /// Where the text that counts was given, as an operator would look for it; `None` for a setting that
    /// was given none.
    #[must_use]
    pub(crate) fn place(&self, setting: &'static Setting) -> Option<String> {
        let (origin, _) = self.text(setting)?;
        Some(match origin {
            Origin::Default => return None,
            Origin::Flag => format!("--{}", setting.flag()),
            Origin::File { name, .. } => format!("`{}` in {name}", setting.key()),
            Origin::SecretFile { name } => format!("{name} ({}_FILE)", setting.variable),
            Origin::Preset | Origin::Environment | Origin::Fixed => setting.variable.to_owned(),
        })
    }

    /// Takes over what another one says of some settings, and of every instance.
    pub(crate) fn follow(&mut self, other: &Self, follows: impl Fn(&str) -> bool) {
        self.texts.retain(|name, _| !follows(name));
        let taken = other.texts.iter().filter(|(name, _)| follows(name));
        self.texts
            .extend(taken.map(|(name, text)| (*name, text.clone())));
        self.instances.clone_from(&other.instances);
    }

    /// The ids of the instances of which something else is set, or that one of both has alone.
    pub(crate) fn changed_instances<'g>(&'g self, other: &'g Self) -> BTreeSet<&'g str> {
        let ids = self.instance_ids().chain(other.instance_ids());
        ids.filter(|id| texts_of(self, id) != texts_of(other, id))
            .collect()
    }

    /// Faults found while values were gathered.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    pub(crate) fn note(&mut self, problem: impl Into<String>) {
        self.problems.push(Problem::new(problem));
    }
}

fn texts_of<'g>(given: &'g Given, id: &str) -> Vec<(&'static str, &'g str)> {
    let texts = given.instances.get(id).into_iter().flatten();
    texts
        .map(|(key, (_, text))| (*key, text.expose().as_str()))
        .collect()
}

fn give(
    texts: &mut BTreeMap<&'static str, (Origin, Secret<String>)>,
    name: &'static str,
    origin: Origin,
    text: String,
) {
    let text = Secret::new(text);
    if text.expose().is_empty() && origin != Origin::Fixed {
        return;
    }
    match texts.get(name) {
        Some((stronger, _)) if *stronger > origin => {}
        _ => {
            texts.insert(name, (origin, text));
        }
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
        Origin::SecretFile { name } => format!("{variable} (in {name}) {rule}"),
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
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.maybe(setting, parse)?;
        if value.is_none() {
            self.problems
                .push(Problem::new(format!("{} must be set", setting.variable)));
        }
        value
    }

    /// A setting that may have none.
    pub(super) fn maybe<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
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
        setting: &'static Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let list = |text: &str| text.split(',').map(|part| parse(part.trim())).collect();
        self.maybe(setting, list).map(Option::unwrap_or_default)
    }
}
