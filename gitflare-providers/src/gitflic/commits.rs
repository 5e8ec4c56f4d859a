//! Histories and one commit's changes. GitFlic's lists know branches alone, so pages of a history that
//! grows meanwhile shift.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Commit, Diff},
    provider::{Call, CommitId, CommitPrefix, Endpoint, GitRef, RepoRef},
};

use super::{
    api,
    client::{Client, Web, below, object, web},
    diff::{self, WireFile},
    person::{author, signature},
    refs,
};
use crate::{diff_files::DiffFiles, listing::Api, wire::known};

/// How many files of a commit are asked for by themselves when they came without their lines.
const MAX_SINGLE: usize = 20;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    branch: Option<&GitRef>,
    page: PageRequest,
) -> Result<Page<Commit>> {
    let base = client.web(call)?;
    let into = |wire| commit(wire, repo, web(&base));
    refs::history(client, call, repo, branch, page, into).await
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    prefix: &CommitPrefix,
) -> Result<Commit> {
    let base = client.web(call)?;
    let get = object(repo, &["commit", prefix.as_str()])?;
    let answer = client.item(call, Endpoint::Commit, repo, get).await?;
    Ok(commit(answer.json()?, repo, web(&base)))
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
) -> Result<Diff> {
    let list = below(
        Endpoint::CommitDiff,
        repo,
        &["commit", commit.as_str(), "file"],
    )?;
    let (mut files, mut base, mut single) = (Vec::<WireFile>::new(), None, 0);
    let (truncated, _) = diff::walk(client, call, list, |file: WireFile| {
        base = base.take().or_else(|| file.parent_of(commit));
        files.push(file);
    })
    .await?;
    for file in files.iter_mut().filter(|file| file.lost_its_lines()) {
        single += 1;
        if single > MAX_SINGLE {
            break;
        }
        // What is refused here costs patches, never the diff.
        match one_file(client, call, repo, commit, file).await {
            Ok(Some(whole)) => file.take_lines(whole),
            Ok(None) => {}
            Err(_) => break,
        }
    }
    let mut all = DiffFiles::of(files.into_iter().map(Into::into));
    all.truncated |= truncated;
    Ok(Diff {
        base_sha: base,
        head_sha: Some(commit.as_str().to_owned()),
        ..all.into_diff()
    })
}

/// One file of a commit, asked for by its path; `None` where it has none.
async fn one_file(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    file: &WireFile,
) -> Result<Option<WireFile>> {
    let Some(path) = file.path() else {
        return Ok(None);
    };
    let get = object(repo, &["commit", commit.as_str(), "diff"])?.query("filePath", path);
    let answer = client.item(call, Endpoint::CommitDiff, repo, get).await?;
    answer.json().map(Some)
}

/// A commit of a list or alone.
fn commit(mut wire: api::Commit, repo: &RepoRef, web: Web<'_>) -> Commit {
    let author = author(&mut wire, web);
    let message = wire
        .message
        .map(|message| match message.strip_suffix('\n') {
            Some(rest) => rest.to_owned(),
            None => message,
        });
    let first_line = || message.as_ref()?.lines().next().map(str::to_owned);
    Commit {
        title: known(wire.short_message).or_else(first_line),
        message,
        author,
        committer: wire.committer_ident.map(|ident| signature(ident, web)),
        parents: wire.parent_commit_ids,
        stats: None,
        web_url: web.project(repo, &["commit", &wire.hash]),
        sha: wire.hash,
    }
}
