//! The content of one file, typed: which commit it is read at, and what the caller has of it already.

use super::{Answer, Asked, RepositoryReader, Transport};
use crate::{Result, gateway::Payload, model::Content, provider::Endpoint};

/// A file to read: commit and condition, then [`File::send`].
#[derive(Clone, Debug)]
#[must_use = "a file is read by `send`"]
pub struct File<S> {
    repository: RepositoryReader<S>,
    target: Asked,
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

impl<S: Transport> RepositoryReader<S> {
    /// One file by its path; of the default branch unless told otherwise.
    pub fn file(&self, path: &str) -> File<S> {
        let mut target = self.target("contents");
        target.query = vec![("path".to_owned(), path.to_owned())];
        File {
            repository: self.clone(),
            target,
        }
    }
}

impl<S: Transport> File<S> {
    fn at(mut self, name: &str, value: &str) -> Self {
        let query = &mut self.target.query;
        query.retain(|(known, _)| known == "path");
        query.push((name.to_owned(), value.to_owned()));
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
        self.target.if_none_match = Some(etag.into());
        self
    }

    /// Reads the file.
    ///
    /// # Errors
    /// As [`crate::gateway::Gateway::read`].
    pub async fn send(&self) -> Result<ReadFile> {
        let reader = &self.repository.reader;
        let target = self.target.clone();
        let told = reader.read(Endpoint::Contents, target, |payload| match payload {
            Payload::Content(content) => Some(*content),
            _ => None,
        });
        let told = told.await?;
        let etag = told.etag.clone();
        let content = match told.value.is_some() {
            true => Some(super::answer(told)?),
            false => None,
        };
        Ok(ReadFile { content, etag })
    }
}
