//! Codes and tokens of an emulated host: made, exchanged with PKCE (RFC 7636), rotated, revoked.
//! How a token answer reads is the dialect's.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use gitflare_core::{Random, SystemRandom};
use sha2::{Digest, Sha256};

use super::{
    clock::now,
    people::{Person, by_login},
};

/// How long a code can be exchanged.
const CODE_TTL: Duration = Duration::from_secs(600);

/// How a provider's tokens look and live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRules {
    pub(crate) access_prefix: &'static str,
    /// What stands behind that, for the scope of a token.
    pub(crate) access_claims: fn(&str) -> String,
    pub(crate) refresh_prefix: &'static str,
    pub(crate) personal_prefix: &'static str,
    /// What a personal access token may do.
    pub(crate) personal_scope: &'static str,
    /// What a token may do whose application asked for no scope.
    pub(crate) default_scope: &'static str,
    /// Whether access tokens expire and come with a refresh token, which works once.
    pub(crate) expiring: bool,
}

/// An authorization code that was handed out.
#[derive(Clone, Debug)]
struct Code {
    person: &'static Person,
    redirect_uri: String,
    challenge: Option<String>,
    scope: String,
    expires_at: SystemTime,
}

/// An access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) person: &'static Person,
    pub(crate) scope: String,
    /// `None` for one that does not expire.
    pub(crate) expires_at: Option<SystemTime>,
    refresh: Option<String>,
}

/// A token that was just handed out.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: String,
    /// Present where tokens expire.
    pub(crate) refresh: Option<String>,
    pub(crate) scope: String,
    /// Seconds.
    pub(crate) expires_in: u64,
}

/// Codes and tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    rules: TokenRules,
    ttl: Duration,
    codes: HashMap<String, Code>,
    access: HashMap<String, Token>,
}

impl Tokens {
    pub(crate) fn new(rules: TokenRules, ttl: Duration) -> Self {
        Self {
            rules,
            ttl,
            codes: HashMap::new(),
            access: HashMap::new(),
        }
    }

    /// A token while it lives.
    pub(crate) fn find(&self, text: &str) -> Option<&Token> {
        let token = self.access.get(text)?;
        let lives = token.expires_at.is_none_or(|at| at > now());
        lives.then_some(token)
    }

    /// A personal access token, which does not expire. Of an unknown login it opens nothing.
    pub(crate) fn personal(&mut self, login: &str) -> String {
        let text = format!("{}{}", self.rules.personal_prefix, random());
        if let Some(person) = by_login(login) {
            self.insert(&text, person, self.rules.personal_scope, None);
        }
        text
    }

    /// Ends every access token that expires, as time would.
    pub(crate) fn expire(&mut self) {
        for token in self.access.values_mut() {
            if token.expires_at.is_some() {
                token.expires_at = Some(UNIX_EPOCH);
            }
        }
    }

    /// A code for what a person agreed to.
    pub(crate) fn code(
        &mut self,
        person: &'static Person,
        redirect_uri: String,
        challenge: Option<String>,
        scope: String,
    ) -> String {
        let text = random();
        let scope = if scope.is_empty() {
            self.rules.default_scope.to_owned()
        } else {
            scope
        };
        let code = Code {
            person,
            redirect_uri,
            challenge,
            scope,
            expires_at: now() + CODE_TTL,
        };
        self.codes.insert(text.clone(), code);
        text
    }

    /// A token for a code, which works once; `None` when code, URI or verifier do not fit.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Option<Issued> {
        let code = self.codes.remove(code)?;
        let proven = match (&code.challenge, verifier) {
            (None, _) => true,
            (Some(challenge), Some(verifier)) => {
                *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
            }
            (Some(_), None) => false,
        };
        let fits = code.expires_at > now() && code.redirect_uri == redirect_uri;
        (proven && fits).then(|| self.issue(code.person, &code.scope))
    }

    /// A token for a code alone, where neither redirect URI nor verifier go with it.
    pub(crate) fn exchange_bare(&mut self, code: &str) -> Option<Issued> {
        let code = self.codes.remove(code)?;
        (code.expires_at > now()).then(|| self.issue(code.person, &code.scope))
    }

    /// New tokens for a refresh token. Both old ones end at once.
    pub(crate) fn refresh(&mut self, refresh: &str) -> Option<Issued> {
        let (text, token) = self
            .access
            .iter()
            .find(|(_, token)| token.refresh.as_deref() == Some(refresh))
            .map(|(text, token)| (text.clone(), token.clone()))?;
        self.access.remove(&text);
        Some(self.issue(token.person, &token.scope))
    }

    /// Ends a token by either of its texts; `false` when there is none.
    pub(crate) fn revoke(&mut self, text: &str) -> bool {
        let before = self.access.len();
        self.access
            .retain(|known, token| known != text && token.refresh.as_deref() != Some(text));
        self.access.len() < before
    }

    fn issue(&mut self, person: &'static Person, scope: &str) -> Issued {
        let prefix = self.rules.refresh_prefix;
        let refresh = self.rules.expiring.then(|| format!("{prefix}{}", random()));
        let claims = (self.rules.access_claims)(scope);
        let access = format!("{}{claims}{}", self.rules.access_prefix, random());
        self.insert(&access, person, scope, refresh.clone());
        Issued {
            access,
            refresh,
            scope: scope.to_owned(),
            expires_in: self.ttl.as_secs(),
        }
    }

    fn insert(
        &mut self,
        text: &str,
        person: &'static Person,
        scope: &str,
        refresh: Option<String>,
    ) {
        let token = Token {
            person,
            scope: scope.to_owned(),
            expires_at: refresh.is_some().then(|| now() + self.ttl),
            refresh,
        };
        self.access.insert(text.to_owned(), token);
    }
}

fn random() -> String {
    let mut bytes = [0u8; 20];
    SystemRandom.fill(&mut bytes);
    hex::encode(bytes)
}
