//! A repository as an emulated host lists it.

/// A repository. Several can share the same Git data.
#[derive(Clone, Debug)]
pub(crate) struct Repo {
    /// The host's own id, which outlives names.
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) default_branch: String,
    pub(crate) private: bool,
    /// The repository's id in the folders; `None` for one without commits.
    pub(crate) git: Option<String>,
}

impl Repo {
    /// `owner/name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The same repository as somebody's fork of it.
    pub(crate) fn fork_of(&self, owner: &str) -> Self {
        Self {
            id: 900_000 + self.id,
            owner: owner.to_owned(),
            ..self.clone()
        }
    }

    /// Whether nothing has been pushed to it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.git.is_none()
    }
}
