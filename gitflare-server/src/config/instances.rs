//! Further instances of a kind of code host: tables `[provider.<id>]` of the file, or variables
//! `GITFLARE_PROVIDER_<ID>_<KEY>`. The first instance of a kind, called like it, has its own
//! variables in the table of settings.

use gitflare_core::{
    Secret,
    provider::{ProviderId, ProviderKind},
};

use super::{
    given::{Given, Origin, Problem},
    secret_file,
    table::Upstream,
    value::{self, Parsed},
};

/// Prefix of an instance's variables.
pub(super) const PREFIX: &str = "GITFLARE_PROVIDER_";

/// One setting that every instance has.
#[derive(Debug)]
pub struct InstanceSetting {
    /// The key in the instance's table of the file.
    pub key: &'static str,
    /// Whether its value must not be shown.
    pub is_secret: bool,
    /// Description, one sentence.
    pub meaning: &'static str,
}

macro_rules! rows {
    ($($constant:ident $key:literal $is_secret:literal $meaning:literal;)*) => {
        $(const $constant: InstanceSetting = InstanceSetting {
            key: $key,
            is_secret: $is_secret,
            meaning: $meaning,
        };)*

        /// Every setting of an instance, in the order in which they are shown.
        pub const INSTANCE_SETTINGS: &[InstanceSetting] = &[$($constant),*];
    };
}

rows! {
    KIND "kind" false "Which API it speaks: an id of GITFLARE_PROVIDERS's default but `local`.";
    NAME "name" false "Its name for people, on connect buttons; the id when unset.";
    API_URL "api_url" false "Its whole REST base; the public service when unset.";
    WEB_URL "web_url" false "The base of its pages; the public service when unset.";
    CLIENT_ID "client_id" false "OAuth client id; without it the instance has no connect button.";
    CLIENT_SECRET "client_secret" true "OAuth client secret.";
    CLIENT_SECRET_FILE "client_secret_file" false "A file that holds the client secret and that only its owner can read.";
    ALLOW_PRIVATE "allow_private" false "`true` lets its two URLs have private or loopback addresses, http included.";
}

impl InstanceSetting {
    /// The row of that key.
    #[must_use]
    pub fn find(key: &str) -> Option<&'static Self> {
        INSTANCE_SETTINGS.iter().find(|row| row.key == key)
    }

    /// The id and the row that a variable names; `None` for another variable.
    pub(super) fn of_variable(variable: &str) -> Option<(String, &'static Self)> {
        let rest = variable.strip_prefix(PREFIX)?.to_ascii_lowercase();
        let rows = INSTANCE_SETTINGS.iter();
        let named = rows.filter_map(|row| Some((rest.strip_suffix(row.key)?, row)));
        // The shortest id belongs to the longest key: `..._CLIENT_SECRET_FILE` is no `..._FILE`.
        let (id, row) = named.min_by_key(|(id, _)| id.len())?;
        let id = id.strip_suffix('_')?.replace('_', "-");
        Some((id, row))
    }

    /// The variable of this setting of an instance.
    #[must_use]
    pub fn variable(&self, id: &str) -> String {
        let id = id.replace('-', "_");
        format!("{PREFIX}{id}_{}", self.key).to_ascii_uppercase()
    }
}

/// The line that names a setting of an instance where it was set, always with its variable.
fn problem(id: &str, row: &InstanceSetting, origin: Option<&Origin>, rule: &str) -> Problem {
    let (key, variable) = (row.key, row.variable(id));
    Problem::new(match origin {
        Some(Origin::File { name, line }) => {
            format!("{name}:{line}: [provider.{id}] {key} ({variable}) {rule}")
        }
        _ => format!("[provider.{id}] {key} ({variable}) {rule}"),
    })
}

/// Reads every instance, noting what is wrong with it.
pub(super) fn read(given: &Given, problems: &mut Vec<Problem>) -> Vec<Upstream> {
    let ids = given.instance_ids();
    ids.filter_map(|id| {
        Reader {
            given,
            id,
            problems,
        }
        .instance()
    })
    .collect()
}

/// Parses the texts of one instance.
struct Reader<'g, 'p> {
    given: &'g Given,
    id: &'g str,
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn instance(mut self) -> Option<Upstream> {
        let before = self.problems.len();
        let provider = self.provider();
        let kind = self.text(&KIND, kind);
        if kind.is_none() && self.problems.len() == before {
            self.note(&KIND, "must be set");
        }
        let client_id = self.text(&CLIENT_ID, value::word);
        let client_secret = self.client_secret();
        if client_id.is_some() && client_secret.is_none() && self.problems.len() == before {
            self.note(&CLIENT_SECRET, "must be set beside client_id");
        }
        let upstream = Upstream {
            provider: provider?,
            name: self.text(&NAME, name),
            client_id,
            client_secret,
            api_url: self.text(&API_URL, value::base_url),
            web_url: self.text(&WEB_URL, value::base_url),
            allow_private: self
                .text(&ALLOW_PRIVATE, value::boolean)
                .unwrap_or_default(),
            kind: kind?,
        };
        (self.problems.len() == before).then_some(upstream)
    }

    fn provider(&mut self) -> Option<ProviderId> {
        let id = self.id;
        let rule = match ProviderId::parse(id) {
            Some(known) if ProviderId::BUILT_IN.contains(&known) => {
                "is the instance that is called like its kind, which has variables of its own: choose another id"
            }
            Some(own) => return Some(own),
            None => "is no id: it must begin with a letter and have at most 32 of a-z, 0-9 and -",
        };
        let problem = Problem::new(format!("[provider.{id}]: `{id}` {rule}"));
        self.problems.push(problem);
        None
    }

    /// The secret itself, or the content of its file.
    fn client_secret(&mut self) -> Option<Secret<String>> {
        let secret = self.text(&CLIENT_SECRET, value::secret);
        let Some(file) = self.text(&CLIENT_SECRET_FILE, value::path) else {
            return secret;
        };
        if secret.is_some() {
            self.note(&CLIENT_SECRET_FILE, "must not be set beside client_secret");
            return None;
        }
        match secret_file::read(&file) {
            Ok(secret) => Some(Secret::new(secret)),
            Err(rule) => {
                self.note(&CLIENT_SECRET_FILE, &rule);
                None
            }
        }
    }

    fn text<T>(
        &mut self,
        row: &'static InstanceSetting,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> Option<T> {
        let (_, text) = self.given.instance_text(self.id, row.key)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(rule) => {
                self.note(row, &rule);
                None
            }
        }
    }

    fn note(&mut self, row: &'static InstanceSetting, rule: &str) {
        let given = self.given.instance_text(self.id, row.key);
        let origin = given.map(|(origin, _)| origin);
        self.problems.push(problem(self.id, row, origin, rule));
    }
}

fn kind(text: &str) -> Parsed<ProviderKind> {
    let mut kinds = ProviderKind::ALL.iter().copied();
    let found = kinds.find(|kind| kind.as_str() == text && *kind != ProviderKind::LOCAL);
    found.ok_or_else(|| {
        let kinds = ProviderKind::ALL.iter().map(|kind| kind.as_str());
        let kinds: Vec<_> = kinds.filter(|kind| *kind != "local").collect();
        format!("must be one of {}", kinds.join(", "))
    })
}

fn name(text: &str) -> Parsed<String> {
    if text.chars().count() > 60 || text.chars().any(char::is_control) {
        return Err("must have at most 60 characters and no control characters".into());
    }
    Ok(text.to_owned())
}
