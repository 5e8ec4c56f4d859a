//! Developer accounts from the command line: one-time links to make one or to choose a new password,
//! the list, and who may not sign in. Links are sealed with the master key, so all of it works beside
//! a running server.

use std::time::Duration;

use gitflare_core::{
    Clock, Error, Secret, SystemClock,
    account_link::{AccountLink, AccountLinks, INVITATION_LIFETIME, RESET_LIFETIME, email_address},
    storage::Session,
};

use crate::{
    config::{BaseUrl, Config, Database, Problem},
    database,
    keys::{self, DataDir},
    storage::people::{People, Person},
};

/// A link with which the person of that address makes an account.
///
/// # Errors
/// What stops it, as one line: no address, an account that is there, a lost key.
pub(crate) fn create(config: &Config, email: &str) -> Result<String, Problem> {
    let link = AccountLink::invitation(email).map_err(|error| failed(&error))?;
    let AccountLink::SignUp { email: Some(email) } = &link else {
        return Err(Problem::new("an invitation is for one address"));
    };
    if people(config)?
        .find(email)
        .map_err(|error| failed(&error))?
        .is_some()
    {
        return Err(Problem::new(format!(
            "{email} has an account: `gitflare user reset {email}` makes a link for a new password"
        )));
    }
    let url = sealed(
        config,
        &link,
        "/app/signup?invitation=",
        INVITATION_LIFETIME,
    )?;
    Ok(format!(
        "For {email}, within seven days, once:\n{}\n",
        url.expose()
    ))
}

/// A link with which a person chooses a new password.
///
/// # Errors
/// What stops it, as one line: nobody has that address, or may not sign in.
pub(crate) fn reset(config: &Config, email: &str) -> Result<String, Problem> {
    let person = known(&people(config)?, email)?;
    if person.is_disabled() {
        return Err(Problem::new(format!(
            "{} is disabled: `gitflare user enable {}` first",
            person.user.email, person.user.email
        )));
    }
    let link = AccountLink::reset(person.user.id.clone(), &person.password);
    let url = sealed(config, &link, "/app/reset?link=", RESET_LIFETIME)?;
    Ok(format!(
        "For {}, within an hour, once:\n{}\n",
        person.user.email,
        url.expose()
    ))
}

/// Everybody who has an account, a line each.
///
/// # Errors
/// What stops it, as one line.
pub(crate) fn list(config: &Config) -> Result<String, Problem> {
    let people = people(config)?.list().map_err(|error| failed(&error))?;
    let lines = people.iter().map(|person| {
        let state = if person.is_disabled() {
            "disabled"
        } else {
            "active"
        };
        format!(
            "{}  {state:<8}  {}  {}\n",
            person.user.created_at, person.user.id, person.user.email
        )
    });
    let lines: String = lines.collect();
    Ok(if lines.is_empty() {
        "Nobody has an account: `gitflare user create EMAIL` makes a link for one.\n".to_owned()
    } else {
        lines
    })
}

/// Ends the sessions of a person, who may not sign in until they are enabled again. Their apps go on.
///
/// # Errors
/// What stops it, as one line.
pub(crate) fn disable(config: &Config, email: &str) -> Result<String, Problem> {
    let mut people = people(config)?;
    let person = known(&people, email)?;
    if !person.is_disabled() {
        people.disable(&person).map_err(|error| failed(&error))?;
    }
    Ok(format!(
        "{} is signed out and cannot sign in. Their apps go on: `DELETE /v1/platform/tenants/:id`, with the admin key, ends all of a developer's (`GET /v1/platform/tenants` lists them).\n",
        person.user.email
    ))
}

/// Ends the sessions of a person, and what agents may read for them; they can sign in again at once.
///
/// # Errors
/// What stops it, as one line.
pub(crate) fn sign_out(config: &Config, email: &str) -> Result<String, Problem> {
    let mut people = people(config)?;
    let person = known(&people, email)?;
    people.sign_out(&person).map_err(|error| failed(&error))?;
    Ok(format!(
        "{} is signed out everywhere, and agents read nothing more for them. They can sign in again.\n",
        person.user.email
    ))
}

/// Which sessions of a person `gitflare user sessions` is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sessions<'a> {
    /// All are listed.
    List,
    /// The one with this id ends.
    End(&'a str),
    /// All end; the person can sign in again.
    EndAll,
}

/// Lists the live sessions of a person, a line each, or ends some of them.
///
/// # Errors
/// What stops it, as one line: nobody has that address, or no such session.
pub(crate) fn sessions(
    config: &Config,
    email: &str,
    which: Sessions<'_>,
) -> Result<String, Problem> {
    let mut people = people(config)?;
    let person = known(&people, email)?;
    let email = &person.user.email;
    let live = people.sessions(&person).map_err(|error| failed(&error))?;
    let ended = match which {
        Sessions::List => return Ok(listed(email, &live)),
        Sessions::End(id) => {
            let found = live.iter().find(|session| session.id.as_str() == id);
            let session = found.ok_or_else(|| {
                Problem::new(format!(
                    "{email} has no such session: `gitflare user sessions {email}` lists them"
                ))
            })?;
            people.end_sessions(&person, Some(&session.id))
        }
        Sessions::EndAll => people.end_sessions(&person, None),
    };
    let ended = ended.map_err(|error| failed(&error))?;
    Ok(format!(
        "{ended} {} of {email} ended.\n",
        if ended == 1 { "session" } else { "sessions" }
    ))
}

fn listed(email: &str, sessions: &[Session]) -> String {
    if sessions.is_empty() {
        return format!("{email} is signed in nowhere.\n");
    }
    let lines = sessions.iter().map(|session| {
        format!(
            "{}  since {}  last used {}  ends {}\n",
            session.id, session.created_at, session.last_used_at, session.expires_at
        )
    });
    lines.collect()
}

/// Lets a person sign in again.
///
/// # Errors
/// What stops it, as one line.
pub(crate) fn enable(config: &Config, email: &str) -> Result<String, Problem> {
    let mut people = people(config)?;
    let person = known(&people, email)?;
    if person.is_disabled() {
        people.enable(&person).map_err(|error| failed(&error))?;
    }
    Ok(format!(
        "{} can sign in with the password they had.\n",
        person.user.email
    ))
}

/// The link with which somebody makes the first account; it works while there is none.
pub(crate) fn first(links: &AccountLinks, panel: &BaseUrl) -> Secret<String> {
    let link = AccountLink::SignUp { email: None };
    let until = SystemClock.now().after(INVITATION_LIFETIME);
    let text = links.seal(&link, until);
    Secret::new(format!(
        "{}/app/signup?invitation={}",
        panel.as_str(),
        text.expose()
    ))
}

fn people(config: &Config) -> Result<People, Problem> {
    match &config.database {
        Database::Sqlite => People::of_folder(&config.data_dir),
        Database::Postgres(url) => People::of_url(url),
    }
    .map_err(|error| failed(&error))
}

fn known(people: &People, email: &str) -> Result<Person, Problem> {
    let email = email_address(email).map_err(|error| failed(&error))?;
    people
        .find(&email)
        .map_err(|error| failed(&error))?
        .ok_or_else(|| Problem::new(format!("nobody has an account with {email}")))
}

fn sealed(
    config: &Config,
    link: &AccountLink,
    path: &str,
    lasts: Duration,
) -> Result<Secret<String>, Problem> {
    let ring = DataDir::look(&config.data_dir)?.known_master_keys(config)?;
    let ring = ring.ok_or_else(|| {
        Problem::new(format!(
            "GITFLARE_MASTER_KEY is unset, and {} holds no key: links are sealed with the server's",
            config.data_dir.display()
        ))
    })?;
    // A link that another key has sealed would be refused by every server.
    if let Some(seen) = database::Database::look(config)? {
        keys::compare(&ring, &seen.key_checks)?;
    }
    let text = AccountLinks::new(&ring).seal(link, SystemClock.now().after(lasts));
    let panel = match &config.panel_url {
        Some(url) => url.clone(),
        None => BaseUrl::of_listener(config.listen),
    };
    Ok(Secret::new(format!(
        "{}{path}{}",
        panel.as_str(),
        text.expose()
    )))
}

fn failed(error: &Error) -> Problem {
    Problem::new(error.detail().unwrap_or_else(|| error.message()))
}
