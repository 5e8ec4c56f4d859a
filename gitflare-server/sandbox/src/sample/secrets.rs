//! The secrets that the sample repository plants. They open nothing: a seeded generator makes them
//! up, and no literal of this file has the shape of one, so that scanners of our own source stay
//! quiet.

use gitflare_core::{Random, SeededRandom};

/// Digits, capitals, small letters.
const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The planted secrets, the same in every run.
#[derive(Clone, Debug)]
pub struct Planted {
    /// A payment key in code.
    pub payment_key: String,
    /// A database password in configuration.
    pub database_password: String,
    /// A cloud key in configuration.
    pub cloud_key: String,
    /// A Git hosting token in a commit message.
    pub hosting_token: String,
    /// A webhook secret in a tag's message.
    pub webhook_secret: String,
    /// A password in the `.env`, which is blocked as a whole.
    pub environment_password: String,
    /// The first line of the body of the private key file, which is blocked as a whole.
    pub private_key_line: String,
    private_key: String,
}

impl Planted {
    /// Makes them up.
    #[must_use]
    pub fn new() -> Self {
        let random = SeededRandom::new(20_250_106);
        let text = |len: usize, alphabet: &[u8]| -> String {
            let mut bytes = vec![0u8; len];
            random.fill(&mut bytes);
            let pick = |byte: &u8| char::from(alphabet[usize::from(*byte) % alphabet.len()]);
            bytes.iter().map(pick).collect()
        };
        let lines: Vec<_> = (0..6).map(|_| text(64, ALPHANUMERIC)).collect();
        let label = ["PRIVATE", "KEY"].join(" ");
        Self {
            payment_key: ["sk", "live", &text(24, ALPHANUMERIC)].join("_"),
            database_password: text(20, ALPHANUMERIC),
            cloud_key: ["AK", "IA", &text(16, &ALPHANUMERIC[10..36])].concat(),
            hosting_token: ["ghp", &text(36, ALPHANUMERIC)].join("_"),
            webhook_secret: ["whsec", &text(32, ALPHANUMERIC)].join("_"),
            environment_password: text(18, ALPHANUMERIC),
            private_key: format!(
                "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
                lines.join("\n")
            ),
            private_key_line: lines[0].clone(),
        }
    }

    /// Every one of them.
    #[must_use]
    pub fn all(&self) -> [&str; 7] {
        [
            &self.payment_key,
            &self.database_password,
            &self.cloud_key,
            &self.hosting_token,
            &self.webhook_secret,
            &self.environment_password,
            &self.private_key_line,
        ]
    }

    pub(super) fn env_file(&self) -> String {
        format!(
            "DATABASE_PASSWORD={}\nPAYMENT_KEY={}\n",
            self.environment_password, self.payment_key
        )
    }

    pub(super) fn private_key_file(&self) -> String {
        self.private_key.clone()
    }
}

impl Default for Planted {
    fn default() -> Self {
        Self::new()
    }
}
