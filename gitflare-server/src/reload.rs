//! `SIGHUP`: the configuration is read anew from the same flags, environment and files. What is wrong
//! with it is logged, and then everything stays as it was; what cannot change while a server runs is
//! named. The firewall's rules are in the database and need no reload.

use std::path::{Path, PathBuf};

use crate::{
    Running,
    config::{self, Config, Given, Problem, Setting},
    log,
};

/// The settings that count at once. Those of a provider do, whatever they are.
pub(crate) const AT_ONCE: &[&str] = &[
    "SGG_ADMIN_API_KEY",
    "GITFLARE_PROVIDERS",
    "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
    "GITFLARE_UPSTREAM_TIMEOUT_MS",
    "GITFLARE_CURSOR_TTL_SECONDS",
    "GITFLARE_TOKEN_TTL_SECONDS",
    "GITFLARE_LOCAL_ROOT",
    "GITFLARE_GITHUB_APP_SLUG",
    "GITFLARE_AZURE_SUPPRESS_REDIRECT",
    "GITFLARE_GITFLIC_USER_AGENT",
    "GITFLARE_MCP_CLIENTS",
    "GITFLARE_LOG",
];

/// Where a server's configuration came from, and what it is.
pub(crate) struct Source {
    flags: Given,
    file: Option<PathBuf>,
    /// Whether a file was read at the start.
    had_file: bool,
    current: Given,
}

/// The file of settings: the one that was named, or the one that is looked for.
fn named(file: Option<&Path>) -> &Path {
    file.unwrap_or(Path::new(config::DEFAULT_FILE))
}

impl Source {
    /// Reads the configuration for the first time.
    ///
    /// # Errors
    /// Every problem, each as one line.
    pub(crate) fn read(
        flags: Given,
        file: Option<PathBuf>,
    ) -> Result<(Self, Config), Vec<Problem>> {
        let current = config::gather(flags.clone(), file.as_deref());
        let config = Config::from_given(&current)?;
        let source = Self {
            flags,
            had_file: named(file.as_deref()).exists(),
            file,
            current,
        };
        Ok((source, config))
    }

    /// What was given, and where.
    pub(crate) const fn given(&self) -> &Given {
        &self.current
    }

    /// Reads it again and lets a running server follow, all or nothing.
    pub(crate) async fn reload(&mut self, running: &Running) {
        let file = named(self.file.as_deref());
        if self.had_file && !file.exists() {
            // Without it everything that stands in it would be taken back.
            let file = file.display();
            tracing::error!("configuration not reloaded: {file} is gone");
            return;
        }
        let given = config::gather(self.flags.clone(), self.file.as_deref());
        let changed = changed(&self.current, &given);
        match apply(&given, running).await {
            Ok(()) => {
                let (at_once, later): (Vec<_>, Vec<_>) =
                    changed.into_iter().partition(|it| it.is_at_once);
                let names = |changed: &[Changed]| {
                    let names: Vec<_> = changed.iter().map(|it| it.name.as_str()).collect();
                    names.join(" ")
                };
                tracing::info!(changed = names(&at_once), "configuration reloaded");
                if !later.is_empty() {
                    tracing::warn!(
                        settings = names(&later),
                        "these settings count from the next start on"
                    );
                }
                self.keep(given, &later);
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!("configuration not reloaded: {problem}");
                }
            }
        }
    }

    /// What counts now: settings that wait for the next start are told again at the next reload.
    fn keep(&mut self, given: Given, later: &[Changed]) {
        if later.is_empty() {
            self.current = given;
        } else {
            self.current.follow(&given, is_at_once);
        }
    }
}

/// A setting that has another text than before.
struct Changed {
    name: String,
    is_at_once: bool,
}

fn is_at_once(variable: &str) -> bool {
    AT_ONCE.contains(&variable) || Setting::find(variable).is_some_and(Setting::is_of_upstream)
}

fn changed(old: &Given, new: &Given) -> Vec<Changed> {
    let text = |given: &Given, row| given.text(row).map(|(_, text)| text.to_owned());
    let settings = Setting::all().filter(|row| text(old, row) != text(new, row));
    let mut changed: Vec<_> = settings
        .map(|row| Changed {
            name: row.variable.to_owned(),
            is_at_once: is_at_once(row.variable),
        })
        .collect();
    let instances = old.changed_instances(new).into_iter();
    changed.extend(instances.map(|id| Changed {
        name: format!("provider.{id}"),
        is_at_once: true,
    }));
    changed
}

async fn apply(given: &Given, running: &Running) -> Result<(), Vec<Problem>> {
    let config = Config::from_given(given)?;
    running.reload(&config).await?;
    log::set_filter(config.log.clone());
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    fn given(pairs: &[(&str, &str)]) -> Given {
        let mut given = Given::default();
        for (name, text) in pairs {
            given.set(Setting::find(name).unwrap(), Origin::Environment, *text);
        }
        given
    }

    #[test]
    fn what_counts_at_once_is_a_setting() {
        for name in AT_ONCE {
            assert!(Setting::find(name).is_some(), "{name}");
        }
        for (name, expected) in [
            ("GITFLARE_GITLAB_CLIENT_SECRET", true),
            ("GITFLARE_LISTEN", false),
            ("GITFLARE_MASTER_KEY", false),
        ] {
            assert_eq!(is_at_once(name), expected, "{name}");
        }
    }

    #[test]
    fn a_change_is_told_by_name_alone() {
        let old = given(&[("GITFLARE_LOG", "info"), ("GITFLARE_LISTEN", "127.0.0.1:1")]);
        let new = given(&[
            ("GITFLARE_LOG", "debug"),
            ("GITFLARE_LISTEN", "127.0.0.1:2"),
            ("SGG_ADMIN_API_KEY", "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T"),
        ]);
        let told = changed(&old, &new);
        let told: Vec<_> = told.iter().map(|it| (&*it.name, it.is_at_once)).collect();
        assert_eq!(
            told,
            [
                ("GITFLARE_LISTEN", false),
                ("SGG_ADMIN_API_KEY", true),
                ("GITFLARE_LOG", true),
            ]
        );
        let mut current = old;
        current.follow(&new, is_at_once);
        let left = changed(&current, &new);
        assert_eq!(left.len(), 1, "what waits for a start is told again");
        assert!(changed(&new, &new).is_empty());
    }
}
