//! The admin key: given by the operator, or made once, shown once and kept as a hash (IN-4).

use std::path::{Path, PathBuf};

use gitflare_core::{CredentialHash, Random, Secret};

use super::{ADMIN_KEY_FILE, DataDir, Reading, on_path, random_hex, read_private};
use crate::{
    config::{Config, Problem},
    private,
};

/// File of a new key, for an operator without a terminal.
const KEPT: &str = "admin.key";

/// The hashes of the keys in force, and the text of one that was made just now, to be shown this
/// once.
pub(crate) type AdminKeys = (Vec<CredentialHash>, Option<Secret<String>>);

impl DataDir {
    /// The admin keys: those of the configuration, else the one that was made here once, else a
    /// new one.
    pub(crate) fn admin_keys(
        &self,
        config: &Config,
        random: &dyn Random,
    ) -> Result<AdminKeys, Problem> {
        let known = self.known_admin_keys(config)?;
        if !known.is_empty() {
            return Ok((known, None));
        }
        let path = self.path().join(ADMIN_KEY_FILE);
        let key = generate(random);
        let hash = CredentialHash::of(key.expose());
        let line = format!("{}\n", hex::encode(hash.as_bytes()));
        let written = private::write_new(self.path(), ADMIN_KEY_FILE, line.as_bytes())
            .map_err(|error| on_path(&path, "cannot be written", error))?;
        match written {
            true => Ok((vec![hash], Some(key))),
            false => Err(Problem::new(format!(
                "{} was made by another process just now: start again",
                path.display()
            ))),
        }
    }

    /// The admin keys of the configuration, else the one that was made here once; none while there
    /// is neither.
    pub(crate) fn known_admin_keys(&self, config: &Config) -> Result<Vec<CredentialHash>, Problem> {
        if !config.admin_keys.is_empty() {
            let keys = config.admin_keys.iter();
            return Ok(keys.map(|key| CredentialHash::of(key.expose())).collect());
        }
        let path = self.path().join(ADMIN_KEY_FILE);
        let text = match read_private(&path) {
            Ok(text) => text,
            Err(Reading::Missing) => return Ok(Vec::new()),
            Err(Reading::Refused(problem)) => return Err(problem),
        };
        let hashes: Option<Vec<_>> = text.expose().lines().map(parse).collect();
        hashes.filter(|all| !all.is_empty()).ok_or_else(|| {
            Problem::new(format!(
                "{} is damaged: set SGG_ADMIN_API_KEY, or delete it to have a new key made",
                path.display()
            ))
        })
    }
}

/// Writes a key that was made just now into a file of the data folder, mode 0600; its path.
pub(crate) fn keep(data: &Path, key: &Secret<String>) -> Result<PathBuf, Problem> {
    let path = data.join(KEPT);
    let line = Secret::new(format!("{}\n", key.expose()));
    let written = private::write_new(data, KEPT, line.expose().as_bytes())
        .map_err(|error| on_path(&path, "cannot be written", error))?;
    match written {
        true => Ok(path),
        false => Err(Problem::new(format!(
            "{} holds an older admin key: delete it and {ADMIN_KEY_FILE}, and start again",
            path.display()
        ))),
    }
}

/// A new admin key: 256 random bits.
pub(crate) fn generate(random: &dyn Random) -> Secret<String> {
    Secret::new(format!("sggak_{}", random_hex(random).expose()))
}

fn parse(line: &str) -> Option<CredentialHash> {
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(line, &mut bytes).ok()?;
    Some(CredentialHash::from_bytes(bytes))
}
