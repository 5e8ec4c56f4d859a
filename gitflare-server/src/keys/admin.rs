//! The admin key: given by the operator, or made once, shown once and kept as a hash (IN-4).

use std::fmt;

use gitflare_core::{CredentialHash, Random, Secret};
use subtle::{Choice, ConstantTimeEq};

use super::{ADMIN_KEY_FILE, DataDir, Reading, hex, on_path, private, random_hex, read_private};
use crate::config::{Config, Problem};

/// The keys that open the admin API, as hashes.
#[derive(Clone)]
pub struct AdminKeys(Vec<CredentialHash>);

impl AdminKeys {
    /// Keys that the operator gives; each has passed the configuration's check.
    #[must_use]
    pub fn new(keys: &[Secret<String>]) -> Self {
        let hashes = keys.iter().map(|key| CredentialHash::of(key.expose()));
        Self(hashes.collect())
    }

    /// Whether this is one of the keys. The work does not depend on how much of it is right, nor
    /// on which key it is.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        let presented = CredentialHash::of(presented);
        let equal = self.0.iter().fold(Choice::from(0), |equal, key| {
            equal | key.as_bytes().ct_eq(presented.as_bytes())
        });
        equal.into()
    }

    /// The keys in force, and the text of one that was made just now, to be shown this once.
    pub(crate) fn open(
        config: &Config,
        data: &DataDir,
        random: &dyn Random,
    ) -> Result<(Self, Option<Secret<String>>), Problem> {
        if !config.admin_keys.is_empty() {
            return Ok((Self::new(&config.admin_keys), None));
        }
        let path = data.path().join(ADMIN_KEY_FILE);
        match read_private(&path) {
            Ok(text) => {
                let hashes: Option<Vec<_>> = text.expose().lines().map(parse).collect();
                match hashes {
                    Some(hashes) if !hashes.is_empty() => Ok((Self(hashes), None)),
                    _ => Err(Problem::new(format!(
                        "{} is damaged: set SGG_ADMIN_API_KEY, or delete it to have a new key made",
                        path.display()
                    ))),
                }
            }
            Err(Reading::Missing) => {
                let key = generate(random);
                let keys = Self(vec![CredentialHash::of(key.expose())]);
                let line = format!("{}\n", hex(keys.0[0].as_bytes()).expose());
                let written = private::write_new(data.path(), ADMIN_KEY_FILE, line.as_bytes())
                    .map_err(|error| on_path(&path, "cannot be written", error))?;
                if !written {
                    return Err(Problem::new(format!(
                        "{} was made by another process just now: start again",
                        path.display()
                    )));
                }
                Ok((keys, Some(key)))
            }
            Err(Reading::Refused(problem)) => Err(problem),
        }
    }
}

/// A new admin key: 256 random bits.
pub(crate) fn generate(random: &dyn Random) -> Secret<String> {
    Secret::new(format!("sggak_{}", random_hex(random).expose()))
}

fn parse(line: &str) -> Option<CredentialHash> {
    let mut bytes = [0u8; 32];
    if line.len() != 2 * bytes.len() || !line.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&line[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(CredentialHash::from_bytes(bytes))
}

impl fmt::Debug for AdminKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdminKeys({})", self.0.len())
    }
}
