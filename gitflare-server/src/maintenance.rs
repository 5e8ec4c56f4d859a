//! What an operator does to the data folder from the command line, in words for a terminal: back it
//! up, bring it back. How the databases are copied is the storage's business.

use std::path::Path;

use gitflare_core::Error;

use crate::{
    config::{Config, Database, Problem},
    storage::sqlite::backup,
};

/// Writes a backup, and tries it when `is_verified`.
///
/// # Errors
/// What stops it, as one line: no database, a file of that name, no room.
pub(crate) fn backup(config: &Config, file: &Path, is_verified: bool) -> Result<String, Problem> {
    let Database::Sqlite = config.database;
    let bytes = backup::backup(&config.data_dir, file).map_err(|error| failed(&error))?;
    let mut text = format!("{}: {bytes} bytes, mode 0600\n", file.display());
    if is_verified {
        let manifest = backup::verify(file).map_err(|error| failed(&error))?;
        text += &format!(
            "Restored into a scratch folder and checked: the state of {}\n",
            manifest.created_at
        );
    }
    text += &format!(
        "The master key is not in it: keep {} apart from it. Without that key the linked accounts cannot be read.\n",
        key_source(config)
    );
    Ok(text)
}

/// Brings a backup back.
///
/// # Errors
/// What stops it, as one line: a damaged file, a database in the folder, no room.
pub(crate) fn restore(
    config: &Config,
    file: &Path,
    keeps_credentials: bool,
) -> Result<String, Problem> {
    let Database::Sqlite = config.database;
    let restored = backup::restore(file, &config.data_dir, keeps_credentials)
        .map_err(|error| failed(&error))?;
    let dir = config.data_dir.display();
    let moment = &restored.created_at;
    let credentials = match keeps_credentials {
        true => format!(
            "Sessions, codes and access tokens are those of {moment}: what was revoked since works again.\n"
        ),
        false => format!(
            "{} sessions, codes and access tokens were ended.\n",
            restored.ended
        ),
    };
    Ok(format!(
        "{dir} holds the state of {moment}.\n{credentials}\
         Approvals and accounts that were ended after that moment are back: end them again.\n\
         The next start needs the master key of that moment, {}.\n",
        key_source(config)
    ))
}

/// Where the master key comes from.
fn key_source(config: &Config) -> String {
    match config.master_keys.is_empty() {
        true => config.data_dir.join("master.key").display().to_string(),
        false => "the value of GITFLARE_MASTER_KEY".to_owned(),
    }
}

fn failed(error: &Error) -> Problem {
    Problem::new(error.detail().unwrap_or(error.message()).to_owned())
}
