//! What a token is for: the unified API, or the same reads as tools of an agent. Only families of
//! refresh tokens store it: every other credential on the way from request to token says it by its own form, and the hash
//! under which it is found covers that form, so that none can be turned into the other.

use crate::{Credential, CredentialHash, CredentialKind, Random, Secret};

/// What a token is for. Every kind of token has a prefix of its own, and is none at the other place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The unified API.
    #[default]
    Api,
    /// The same reads, called as tools by agents.
    Tools,
}

/// Before the id of an authorization request for tools. Other ids are hexadecimal digits alone.
const TOOLS_REQUEST: &str = "tools-";

impl Audience {
    /// Every audience.
    const ALL: [Self; 2] = [Self::Api, Self::Tools];

    /// The kind of its tokens.
    pub(super) const fn token(self) -> CredentialKind {
        match self {
            Self::Api => CredentialKind::AccessToken,
            Self::Tools => CredentialKind::ToolToken,
        }
    }

    /// The kind of its authorization codes.
    pub(super) const fn code(self) -> CredentialKind {
        match self {
            Self::Api => CredentialKind::AuthorizationCode,
            Self::Tools => CredentialKind::ToolCode,
        }
    }

    /// The audience of a family of refresh tokens.
    pub(super) const fn of_family(is_for_tools: bool) -> Self {
        match is_for_tools {
            true => Self::Tools,
            false => Self::Api,
        }
    }

    /// The id of a new authorization request.
    pub(super) fn new_request(self, random: &dyn Random) -> Secret<String> {
        let mut bits = [0; 32];
        random.fill(&mut bits);
        let mark = match self {
            Self::Api => "",
            Self::Tools => TOOLS_REQUEST,
        };
        Secret::new(format!("{mark}{}", hex::encode(bits)))
    }

    /// The audience of an authorization request, by the id that it was found under.
    pub(super) fn of_request(id: &str) -> Self {
        match id.starts_with(TOOLS_REQUEST) {
            true => Self::Tools,
            false => Self::Api,
        }
    }

    /// A new authorization code.
    pub(super) fn new_code(self, random: &dyn Random) -> Credential {
        Credential::generate(self.code(), random)
    }

    /// The audience and hash of a text that has the form of a code.
    pub(super) fn of_code(text: &str) -> Option<(Self, CredentialHash)> {
        let hash = |audience: Self| {
            let hash = CredentialHash::of_presented(audience.code(), text)?;
            Some((audience, hash))
        };
        Self::ALL.into_iter().find_map(hash)
    }

    /// The hash of a text that has the form of a token for any audience.
    pub(super) fn hash_of_any(text: &str) -> Option<CredentialHash> {
        let hash = |audience: Self| CredentialHash::of_presented(audience.token(), text);
        Self::ALL.into_iter().find_map(hash)
    }
}
