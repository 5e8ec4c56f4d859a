//! The content of one file, typed: which commit it is read at, and what the caller has of it already.

use super::{Answer, RepositoryReader, answer};
use crate::{Result, gateway::Payload, model::Content, provider::Endpoint};

/// A file to read: commit and condition, then [`File::send`].
#[derive(Clone, Debug)]
#[must_use = "a file is read by `send`"]
pub struct File<'g> {
    repository: RepositoryReader<'g>,
    query: Vec<(String, String)>,
    if_none_match: Option<String>,
}

/// What a file was answered with.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadFile {
    /// The file; `None` when the caller has it already.
    pub content: Option<Answer<Content>>,
    /// The validator of the file, for [`File::if_none_match`].
    pub etag: Option<String>,
}

impl<'g> RepositoryReader<'g> {
    /// One file by its path; of the default branch unless told otherwise.
    pub fn file(&self, path: &str) -> File<'g> {
        File {
            repository: self.clone(),
            query: vec![("path".to_owned(), path.to_owned())],
            if_none_match: None,
        }
    }
}

impl File<'_> {
    fn at(mut self, name: &str, value: &str) -> Self {
        self.query.retain(|(known, _)| known == "path");
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// At the newest commit of this branch. Takes the place of [`Self::git_ref`].
    pub fn branch(self, name: &str) -> Self {
        self.at("branch", name)
    }

    /// At this branch, tag or commit. Takes the place of [`Self::branch`].
    pub fn git_ref(self, name: &str) -> Self {
        self.at("ref", name)
    }

    /// Only if it is another file than the one with this validator.
    pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
        self.if_none_match = Some(etag.into());
        self
    }

    /// Reads the file.
    ///
    /// # Errors
    /// As [`crate::gateway::Gateway::read`].
    pub async fn send(&self) -> Result<ReadFile> {
        let reader = &self.repository.reader;
        let target = self.repository.target("contents");
        let mut request = reader.request(Endpoint::Contents, &target, self.query.clone());
        request.if_none_match.clone_from(&self.if_none_match);
        let reply = reader.gateway.read(request).await?;
        let etag = reply.etag.clone();
        if reply.status() == 304 {
            let content = None;
            return Ok(ReadFile { content, etag });
        }
        let content = answer(reply, |payload| match payload {
            Payload::Content(content) => Some(*content),
            _ => None,
        })?;
        let content = Some(content);
        Ok(ReadFile { content, etag })
    }
}
