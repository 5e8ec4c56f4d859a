//! Where keys come from: the configuration, or files in the data folder that the first start makes
//! (KY-2, IN-4). There is no built-in key. Deriving keys from the master key is the core's
//! business.

mod admin;
mod check;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gitflare_core::{
    Random, Secret,
    keys::{KeyRing, MIN_MASTER_KEY_LEN, MasterKey},
};
use zeroize::Zeroizing;

pub(crate) use admin::{generate as new_admin_key, keep as keep_admin_key};
pub(crate) use check::{compare, look, verify};

use crate::{
    config::{self, Config, Problem},
    private,
};

const MASTER_KEY_FILE: &str = "master.key";
const ADMIN_KEY_FILE: &str = "admin.key.sha256";

/// The data folder, private to the owner of the process.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    is_new: bool,
}

impl DataDir {
    /// Makes the folder if there is none. An empty one is closed to everybody else; one with
    /// content that others may read is refused, for closing it could be a mistake too.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let failed = |error| on_path(path, "cannot be used", error);
        if !private::folder(path, || is_empty(path)).map_err(failed)? {
            return Err(open_to_others(path));
        }
        Ok(Self {
            path: path.to_owned(),
            is_new: is_empty(path).map_err(failed)?,
        })
    }

    /// The folder as it is: nothing is made or changed. An absent one counts as new.
    pub(crate) fn look(path: &Path) -> Result<Self, Problem> {
        let failed = |error| on_path(path, "cannot be used", error);
        let is_private = match private::is_private(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    path: path.to_owned(),
                    is_new: true,
                });
            }
            found => found.map_err(failed)?,
        };
        let is_new = is_empty(path).map_err(failed)?;
        match is_private || is_new {
            true => Ok(Self {
                path: path.to_owned(),
                is_new,
            }),
            false => Err(open_to_others(path)),
        }
    }

    /// The folder, which exists and is private unless it was only looked at.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a folder that had a database and has none: starting would make a new, empty one
    /// beside the key of the old. `files` are the database's own, the one that decides first.
    pub(crate) fn require_database(&self, files: &[&str]) -> Result<(), Problem> {
        let is_filled = |name: &str| {
            let length = fs::metadata(self.path.join(name)).map(|file| file.len());
            length.is_ok_and(|length| length > 0)
        };
        let Some((database, others)) = files.split_first() else {
            return Ok(());
        };
        let was_used = is_filled(MASTER_KEY_FILE) || others.iter().any(|name| is_filled(name));
        if self.is_new || is_filled(database) || !was_used {
            return Ok(());
        }
        Err(Problem::new(format!(
            "{} is missing or empty, though the data folder was in use: bring the database back; if nothing was ever stored, delete the folder",
            self.path.join(database).display()
        )))
    }

    /// The master keys: those of the configuration, else those of the key file, which the first
    /// start makes. What the configuration gives is never written to disk.
    pub(crate) fn master_keys(
        &self,
        config: &Config,
        random: &dyn Random,
    ) -> Result<KeyRing, Problem> {
        if let Some(known) = self.known_master_keys(config)? {
            return Ok(known);
        }
        let path = self.path.join(MASTER_KEY_FILE);
        let key = random_hex(random);
        let line = Secret::new(format!("1:{}\n", key.expose()));
        private::write_new(&self.path, MASTER_KEY_FILE, line.expose().as_bytes())
            .map_err(|error| on_path(&path, "cannot be written", error))?;
        self.kept_master_keys()
    }

    /// The master keys of the configuration, else those of the key file; `None` where the next start
    /// makes one, because nothing is in the folder.
    pub(crate) fn known_master_keys(&self, config: &Config) -> Result<Option<KeyRing>, Problem> {
        match (config.master_keys.is_empty(), self.is_new) {
            (false, _) => ring(config.master_keys.clone()).map(Some),
            (true, true) => Ok(None),
            (true, false) => self.kept_master_keys().map(Some),
        }
    }

    fn kept_master_keys(&self) -> Result<KeyRing, Problem> {
        let path = self.path.join(MASTER_KEY_FILE);
        let text = match read_private(&path) {
            Ok(text) => text,
            Err(Reading::Missing) => {
                return Err(Problem::new(format!(
                    "GITFLARE_MASTER_KEY is unset and {} is missing, though the data folder is not empty: bring the key back",
                    path.display()
                )));
            }
            Err(Reading::Refused(problem)) => return Err(problem),
        };
        let keys = text
            .expose()
            .lines()
            .filter(|line| !line.is_empty())
            .map(config::master_key)
            .collect::<Result<_, _>>()
            .map_err(|rule| Problem::new(format!("a key in {} {rule}", path.display())))?;
        ring(keys)
    }
}

fn open_to_others(path: &Path) -> Problem {
    let path = path.display();
    Problem::new(format!(
        "GITFLARE_DATA_DIR: others may read {path}: run `chmod 700 {path}`"
    ))
}

fn ring(keys: Vec<MasterKey>) -> Result<KeyRing, Problem> {
    let mut keys = keys.into_iter();
    let primary = keys
        .next()
        .ok_or_else(|| Problem::new(format!("{MASTER_KEY_FILE} holds no key")))?;
    Ok(KeyRing::new(primary, keys.collect()))
}

/// Whether nothing lies in the folder but what a file system or a failed start leaves there.
fn is_empty(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name != "lost+found" && !name.as_encoded_bytes().starts_with(b".") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Failure to read a key file.
enum Reading {
    Missing,
    Refused(Problem),
}

/// The content of a key file that the owner alone may read (KY-5).
fn read_private(path: &Path) -> Result<Secret<String>, Reading> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Reading::Missing,
        _ => Reading::Refused(on_path(path, "cannot be read", error)),
    };
    if !private::is_private(path).map_err(failed)? {
        let path = path.display();
        return Err(Reading::Refused(Problem::new(format!(
            "{path} holds a key and others may read it: run `chmod 600 {path}`, and change the key if somebody has"
        ))));
    }
    fs::read_to_string(path).map(Secret::new).map_err(failed)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the tail of map_err, which hands the error over"
)]
fn on_path(path: &Path, what: &str, error: io::Error) -> Problem {
    Problem::new(format!("{} {what}: {error}", path.display()))
}

/// 256 random bits in hexadecimal.
fn random_hex(random: &dyn Random) -> Secret<String> {
    let mut bytes = Zeroizing::new([0u8; MIN_MASTER_KEY_LEN]);
    random.fill(&mut *bytes);
    Secret::new(hex::encode(*bytes))
}
