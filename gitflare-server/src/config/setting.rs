//! What is known of a setting, whichever it is: its names, its default, whether it is a secret.

use gitflare_core::provider::ProviderId;

/// Description of a setting.
#[derive(Debug)]
pub struct Setting {
    /// The environment variable.
    pub variable: &'static str,
    /// What holds when nothing is given.
    pub fallback: Fallback,
    /// Whether its value must not be shown.
    pub is_secret: bool,
    /// Whether the flag alone, without a value, means `true`.
    pub is_switch: bool,
    /// The words that it can be, one of them; empty where it takes more than these.
    pub words: &'static [&'static str],
    /// Description, one sentence.
    pub meaning: &'static str,
}

/// What holds for a setting that nobody has given a value.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// This text, read like a given one.
    Text(&'static str),
    /// Nothing, or what the words say.
    Words(&'static str),
    /// What follows from the other settings.
    Derived(Derived),
}

/// A value that follows from other settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// The base URL of the API.
    PublicUrl,
    /// The base URL of the hosted pages.
    PanelUrl,
    /// Who may make an account.
    SignUp,
    /// The REST base of a provider's public service.
    Api(ProviderId),
}

impl Setting {
    /// The text that counts when nothing is given; `None` when that means "not set".
    #[must_use]
    pub const fn default(&self) -> Option<&'static str> {
        match self.fallback {
            Fallback::Text(text) => Some(text),
            Fallback::Words(_) | Fallback::Derived(_) => None,
        }
    }

    /// The flag, without the dashes in front.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key().replace('_', "-")
    }

    /// The key in `gitflare.toml`.
    #[must_use]
    pub fn key(&self) -> String {
        ["GITFLARE_", "SGG_"]
            .iter()
            .find_map(|prefix| self.variable.strip_prefix(prefix))
            .unwrap_or(self.variable)
            .to_ascii_lowercase()
    }
}
