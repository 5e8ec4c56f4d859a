//! What happened around a history, derived from it: merges were pull requests, branches that are
//! not merged are open ones, tags were released and deployed. The same for the same history.

use gitflare_core::{
    Result, Timestamp,
    model::{Branch, Commit, Signature},
};

use sha2::{Digest, Sha256};

use super::{
    Repo,
    git::Git,
    people::{PEOPLE, Person, by_email},
};

/// A pull request. Its changes are those of `diff_of` against that commit's first parent.
#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) state: PullState,
    pub(crate) draft: bool,
    pub(crate) author: &'static Person,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) head: String,
    /// Where the source left the target.
    pub(crate) base: String,
    pub(crate) diff_of: String,
    pub(crate) at: Option<Timestamp>,
}

/// How a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PullState {
    Open,
    Closed,
    Merged,
}

/// A release of a tag.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) id: u64,
    pub(crate) tag: String,
    pub(crate) notes: String,
    pub(crate) prerelease: bool,
    pub(crate) author: &'static Person,
    pub(crate) at: Option<Timestamp>,
}

/// A deployment.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) environment: &'static str,
    pub(crate) state: DeploymentState,
    pub(crate) sha: String,
    pub(crate) git_ref: String,
    pub(crate) creator: &'static Person,
    pub(crate) at: Option<Timestamp>,
}

/// How a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentState {
    Success,
    Failure,
    InProgress,
}

/// How a check of a commit ended, if it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Running,
    Success,
    Failure,
}

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// By falling number.
    pub(crate) pulls: Vec<Pull>,
    /// Newest first.
    pub(crate) releases: Vec<Release>,
    /// Newest first.
    pub(crate) deployments: Vec<Deployment>,
}

impl Story {
    /// Derives it from a repository.
    pub(crate) async fn of(git: &Git, repo: &Repo) -> Result<Self> {
        let branches = git.branches(repo).await?;
        let is_default = |branch: &&Branch| branch.name == repo.default_branch;
        let Some(main) = branches.iter().find(is_default) else {
            return Ok(Self::default());
        };
        let history = git.history(repo, main).await?;
        Ok(Self {
            pulls: pulls(git, repo, &branches, &history).await?,
            releases: releases(git, repo).await?,
            deployments: deployments(repo, &history),
        })
    }

    /// A pull request by the text of its number.
    pub(crate) fn pull(&self, number: &str) -> Option<&Pull> {
        let of_number = |pull: &&Pull| pull.number.to_string() == number;
        self.pulls.iter().find(of_number)
    }

    /// A deployment by the text of its id.
    pub(crate) fn deployment(&self, id: &str) -> Option<&Deployment> {
        let of_id = |deployment: &&Deployment| deployment.id.to_string() == id;
        self.deployments.iter().find(of_id)
    }
}

async fn pulls(
    git: &Git,
    repo: &Repo,
    branches: &[Branch],
    history: &[Commit],
) -> Result<Vec<Pull>> {
    let default = repo.default_branch.as_str();
    let mut pulls = Vec::new();
    // Oldest first, so that numbers rise with time.
    for commit in history.iter().rev() {
        if let Some([base, head, ..]) = commit.parents.as_deref() {
            let mut pull = pull(commit, default, PullState::Merged);
            pull.source = merged_branch(commit);
            let forked = git.compare(repo, base, head).await?;
            let forked = forked.and_then(|found| found.diff.base_sha);
            (pull.base, pull.head) = (forked.unwrap_or_else(|| base.clone()), head.clone());
            pulls.push(pull);
        }
    }
    if let Some(given_up) = history.iter().rev().nth(3) {
        let mut pull = pull(given_up, default, PullState::Closed);
        pull.source = "spike/given-up".to_owned();
        pulls.push(pull);
    }
    for branch in branches.iter().filter(|branch| branch.name != default) {
        if let Some(tip) = git.commit(repo, &branch.commit_sha).await? {
            let mut pull = pull(&tip, default, PullState::Open);
            pull.source.clone_from(&branch.name);
            pull.draft = branch.name.starts_with("release/");
            pulls.push(pull);
        }
    }
    for (at, pull) in pulls.iter_mut().enumerate() {
        pull.number = at as u64 + 1;
    }
    pulls.reverse();
    Ok(pulls)
}

async fn releases(git: &Git, repo: &Repo) -> Result<Vec<Release>> {
    let mut releases = Vec::new();
    for tag in git.tags(repo).await? {
        let Some(sha) = tag.commit_sha else { continue };
        let commit = git.commit(repo, &sha).await?;
        releases.push(Release {
            id: 0,
            prerelease: tag.name.trim_start_matches('v').starts_with('0'),
            notes: tag
                .message
                .unwrap_or_else(|| format!("What is in {}", tag.name)),
            author: commit.as_ref().map_or(&PEOPLE[0], author),
            at: commit.as_ref().and_then(date),
            tag: tag.name,
        });
    }
    releases.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.tag.cmp(&a.tag)));
    for (at, release) in releases.iter_mut().rev().enumerate() {
        release.id = 501 + at as u64;
    }
    Ok(releases)
}

fn deployments(repo: &Repo, history: &[Commit]) -> Vec<Deployment> {
    let states = [
        DeploymentState::InProgress,
        DeploymentState::Failure,
        DeploymentState::Success,
    ];
    let of_commit = |(at, commit): (usize, &Commit)| Deployment {
        id: 0,
        environment: if at % 2 == 0 { "staging" } else { "production" },
        state: states[at.min(2)],
        sha: commit.sha.clone(),
        git_ref: repo.default_branch.clone(),
        creator: author(commit),
        at: date(commit),
    };
    let newest = history.iter().take(6).enumerate();
    let mut deployments: Vec<_> = newest.map(of_commit).collect();
    for (at, deployment) in deployments.iter_mut().rev().enumerate() {
        deployment.id = 701 + at as u64;
    }
    deployments
}

fn pull(commit: &Commit, target: &str, state: PullState) -> Pull {
    let message = commit.message.clone().unwrap_or_default();
    let (title, body) = message.split_once('\n').unwrap_or((&message, ""));
    let body = body.trim();
    Pull {
        number: 0,
        title: title.to_owned(),
        body: (!body.is_empty()).then(|| body.to_owned()),
        state,
        draft: false,
        author: author(commit),
        source: String::new(),
        target: target.to_owned(),
        head: commit.sha.clone(),
        base: commit.first_parent().unwrap_or_default().to_owned(),
        diff_of: commit.sha.clone(),
        at: date(commit),
    }
}

/// The name in `Merge branch 'name'`, as Git writes it.
fn merged_branch(commit: &Commit) -> String {
    let title = commit.title.as_deref().unwrap_or_default();
    let quoted = title.split('\'').nth(1);
    quoted.map_or_else(|| "topic".to_owned(), str::to_owned)
}

/// The account that wrote a commit; the first one where it has none.
fn author(commit: &Commit) -> &'static Person {
    let email = commit.author.as_ref().and_then(|who| who.email.as_deref());
    email.and_then(by_email).unwrap_or(&PEOPLE[0])
}

/// When a commit was made.
pub(crate) fn date(commit: &Commit) -> Option<Timestamp> {
    let of = |who: &Option<Signature>| who.as_ref().and_then(|who| who.date);
    of(&commit.committer).or_else(|| of(&commit.author))
}

/// The checks of a commit: name and outcome.
pub(crate) fn checks(sha: &str) -> [(&'static str, Outcome); 3] {
    let outcome = |at: usize| match sha.as_bytes().get(at).map_or(0, |byte| byte % 8) {
        0 => Outcome::Running,
        1 => Outcome::Failure,
        _ => Outcome::Success,
    };
    [
        ("build", outcome(0)),
        ("test", outcome(1)),
        ("lint", outcome(2)),
    ]
}

/// A number that stands for a text, for the ids of what is derived from it.
pub(crate) fn number(text: &str) -> u64 {
    text.bytes().fold(7, |hash: u64, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into()) % 9_007_199_254_740_991
    })
}

/// An id of a Git object that no repository has.
pub(crate) fn object_id(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..20])
}
