//! What is known of a setting, whichever it is: its names, its default, whether it is a secret.

/// Description of a setting.
#[derive(Debug)]
pub struct Setting {
    /// The environment variable.
    pub variable: &'static str,
    /// The text that counts when nothing is given; `None` when that means "not set".
    pub default: Option<&'static str>,
    /// Whether its value must not be shown.
    pub is_secret: bool,
    /// Whether the flag alone, without a value, means `true`.
    pub is_switch: bool,
    /// Description, one sentence.
    pub meaning: &'static str,
}

impl Setting {
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
