//! What people said about a pull request, derived from it: an opinion, and remarks on the whole and on
//! lines, one of them with a password in it and one about a file that no gateway should show. The same
//! for the same history.

use gitflare_core::{Result, Timestamp};

use super::{
    Repo, World,
    hostile::planted_password,
    people::{PEOPLE, Person},
    story::{Pull, PullState},
};

/// What a reviewer thinks.
#[derive(Debug)]
pub(crate) struct Opinion {
    pub(crate) id: u64,
    pub(crate) author: &'static Person,
    pub(crate) approves: bool,
    pub(crate) body: &'static str,
}

/// A remark.
#[derive(Debug)]
pub(crate) struct Remark {
    pub(crate) id: u64,
    pub(crate) author: &'static Person,
    pub(crate) body: String,
    pub(crate) at: Option<Timestamp>,
    /// The file and the lines that it is about, on the new side.
    pub(crate) place: Option<Place>,
    pub(crate) answers: Option<u64>,
}

/// Lines of a file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) start: Option<u64>,
    pub(crate) line: u64,
}

impl Remark {
    pub(crate) fn is_about_code(&self) -> bool {
        self.place.is_some()
    }
}

/// Somebody who has not opened it.
fn reviewer(pull: &Pull) -> &'static Person {
    let other = |person: &&Person| person.login != pull.author.login;
    PEOPLE.iter().find(other).unwrap_or(&PEOPLE[0])
}

/// One opinion: what was merged was approved, and what was given up was not.
pub(crate) fn opinion(pull: &Pull) -> Opinion {
    let approves = pull.state != PullState::Closed;
    Opinion {
        id: 7000 + pull.number,
        author: reviewer(pull),
        approves,
        body: if approves {
            "Reads well."
        } else {
            "Please split this."
        },
    }
}

/// The remarks, oldest first. Ids rise.
pub(crate) async fn remarks(world: &World, repo: &Repo, pull: &Pull) -> Result<Vec<Remark>> {
    let diff = world.git.diff(repo, &pull.diff_of).await?;
    let changed = diff.files.first().map_or("README.md", |file| &file.path);
    let place = |path: &str, start, line| {
        Some(Place {
            path: path.to_owned(),
            start,
            line,
        })
    };
    let said = [
        ("Does this need a note in the manual?".to_owned(), None),
        (
            format!("It worked with password = \"{}\"", planted_password()),
            None,
        ),
        ("Why twice?".to_owned(), place(changed, Some(1), 2)),
        (
            "Once is enough, you are right.".to_owned(),
            place(changed, Some(1), 2),
        ),
        (
            "This line belongs into the vault.".to_owned(),
            place(".env", None, 1),
        ),
    ];
    let first = 8000 + pull.number * 10;
    let remark = |(at, (body, place)): (usize, (String, Option<Place>))| Remark {
        id: first + at as u64,
        author: if at == 3 { pull.author } else { reviewer(pull) },
        body,
        at: pull.at,
        place,
        answers: (at == 3).then_some(first + 2),
    };
    Ok(said.into_iter().enumerate().map(remark).collect())
}
