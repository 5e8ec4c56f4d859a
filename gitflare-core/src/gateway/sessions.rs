//! Sessions of people and of customers' browsers: beginning, finding and ending them, and the token
//! that binds a form to one (CS-1). Cookies and headers are the server's business.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{AuditContext, Gateway};
use crate::{
    Credential, CredentialHash, CredentialKind, Error, Result, Secret, SessionId, UserId,
    storage::{AuditAction, Session, SessionSubject},
};

/// Age of a session's stored last use at which it is written again.
const BETWEEN_TOUCHES_MILLIS: i64 = 60_000;

/// A session that has just begun, with its text this one time.
#[derive(Clone, Debug)]
pub struct BegunSession {
    /// The stored session, without its text.
    pub session: Session,
    /// Its text, for a cookie or as a bearer token.
    pub text: Credential,
}

impl Gateway {
    /// Begins a session under a new id (SE-2).
    pub(super) async fn begin_session(
        &self,
        subject: SessionSubject,
        act: &AuditContext<'_>,
    ) -> Result<BegunSession> {
        let BegunSession { session, text } = self.unstored_session(subject);
        let audit = self.audit_success(act, AuditAction::SessionCreate, &session.id);
        self.storage
            .sessions()
            .insert(session.clone(), text.hash(), Some(audit))
            .await?;
        Ok(BegunSession { session, text })
    }

    /// A session that opens nothing, as long as nobody stores it.
    pub(super) fn unstored_session(&self, subject: SessionSubject) -> BegunSession {
        let id = SessionId::generate(&*self.clock, &*self.random);
        BegunSession {
            session: Session::begin(id, subject, self.clock.now()),
            text: Credential::generate(CredentialKind::SessionToken, &*self.random),
        }
    }

    /// The live session of a text, whichever kind it is. What cannot be ours costs no read.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn find_session(&self, text: &str) -> Result<Option<Session>> {
        let Some(hash) = CredentialHash::of_presented(CredentialKind::SessionToken, text) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let found = self.storage.sessions().find(&hash, now).await?;
        if let Some(session) = &found
            && now.as_millis() - session.last_used_at.as_millis() >= BETWEEN_TOUCHES_MILLIS
        {
            self.storage.sessions().touch(&session.id, now).await?;
        }
        Ok(found)
    }

    /// Gives a session that has gained a right another text: whoever planted the former one in a
    /// browser holds nothing now (SE-2).
    ///
    /// # Errors
    /// The storage's own.
    pub async fn renew_session(&self, session: &Session) -> Result<BegunSession> {
        let text = Credential::generate(CredentialKind::SessionToken, &*self.random);
        let sessions = self.storage.sessions();
        sessions.renew(&session.id, text.hash()).await?;
        Ok(BegunSession {
            session: session.clone(),
            text,
        })
    }

    /// Ends a session on the server (SE-5). Ending it again changes nothing and succeeds.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn end_session(&self, id: &SessionId, act: &AuditContext<'_>) -> Result<()> {
        let audit = self.audit_success(act, AuditAction::SessionRevoke, id);
        self.storage.sessions().revoke(id, audit).await?;
        Ok(())
    }

    /// A person's live sessions, the one that began last first.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn list_sessions(&self, user: &UserId) -> Result<Vec<Session>> {
        self.storage.sessions().list(user, self.clock.now()).await
    }

    /// Ends one of a person's own sessions.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when there is no such session of theirs.
    pub async fn end_own_session(
        &self,
        user: &UserId,
        id: &str,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        let unknown = || Error::not_found("session of yours");
        let id = SessionId::parse(id).map_err(|_| unknown())?;
        let own = self.list_sessions(user).await?;
        match own.iter().any(|session| session.id == id) {
            true => self.end_session(&id, act).await,
            false => Err(unknown()),
        }
    }

    /// Ends all sessions of a person but one; how many it were.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn end_other_sessions(
        &self,
        user: &UserId,
        kept: &SessionId,
        act: &AuditContext<'_>,
    ) -> Result<usize> {
        let audit = self.audit_success(act, AuditAction::SessionRevoke, user);
        let sessions = self.storage.sessions();
        sessions.revoke_all(user, Some(kept), audit).await
    }

    /// The token that forms of a session carry.
    #[must_use]
    pub fn form_token(&self, session: &SessionId) -> String {
        hex::encode(form_tag(&self.form_keys[0], session))
    }

    /// Whether a text is the token of that session's forms. Compared in constant time; a key that
    /// was rotated out still counts while it is in the ring.
    #[must_use]
    pub fn is_form_token(&self, session: &SessionId, text: &str) -> bool {
        let Some(sent) = from_hex(text) else {
            return false;
        };
        let matching = self
            .form_keys
            .iter()
            .map(|key| form_tag(key, session).ct_eq(&sent));
        matching.fold(false, |found, equal| found | bool::from(equal))
    }
}

fn form_tag(key: &Secret<[u8; 32]>, session: &SessionId) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of every length");
    mac.update(session.as_str().as_bytes());
    mac.finalize().into_bytes().into()
}

/// 32 bytes written as lower-case hex.
pub(super) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
