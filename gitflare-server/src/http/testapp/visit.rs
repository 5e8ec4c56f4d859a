//! What the test app remembers of a browser: all of it encrypted in that browser's cookie.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use gitflare_core::{Code, Error, Random, Secret};
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::{cookie::Cookie, exchange::Exchange, pages::connect::Notice, refusal::Refusal};

/// Lifetime of a browser's state.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(8 * 3600);

/// `404` while the test app is off.
pub(super) fn require_on(x: &Exchange) -> Result<(), Refusal> {
    if x.settings().testapp {
        return Ok(());
    }
    Err(Error::new(Code::ResourceNotFound, "There is no such route.").into())
}

/// One browser's visit.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct BrowserState {
    pub(super) client_id: Option<String>,
    client_secret: Option<String>,
    pub(super) customer_ref: String,
    pub(super) access_token: Option<String>,
    pub(super) csrf: String,
    /// The inbox that hears of events.
    pub(super) inbox: String,
    /// What the inbox has been subscribed to, `provider:id`.
    #[serde(default)]
    pub(super) subscribed: Vec<String>,
    /// The code that the token was bought with, and the scope that came.
    pub(super) spent: Option<(String, String)>,
    pub(super) state: String,
    verifier: String,
    /// Said on the next page: whether it is a problem, and the text.
    notice: Option<(bool, String)>,
}

impl BrowserState {
    /// The visit of the request's browser; a new one when there is none that can be opened.
    pub(super) fn of(x: &Exchange) -> Self {
        Cookie::Testapp
            .find(x.headers(), x.settings())
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|sealed| x.app().testapp.open(&sealed))
            .and_then(|plain| serde_json::from_str(plain.expose()).ok())
            .unwrap_or_default()
    }

    /// The header that keeps it.
    pub(super) fn cookie(&self, x: &Exchange) -> Result<(HeaderName, HeaderValue), Refusal> {
        let plain = Zeroizing::new(serde_json::to_string(self).unwrap_or_default());
        let sealed = x.app().testapp.seal(&plain)?;
        Cookie::Testapp.set(&URL_SAFE_NO_PAD.encode(sealed), LIFETIME, x.settings())
    }

    /// Makes what a page needs and a connection begins with. In a sandbox that is its own app.
    pub(super) fn begin(&mut self, x: &Exchange, random: &dyn Random) {
        if let (None, Some(guided)) = (&self.client_id, x.app().guided()) {
            self.configure(&guided.client_id, guided.client_secret.expose(), "");
            self.inbox.clone_from(&guided.inbox);
        }
        for text in [
            &mut self.csrf,
            &mut self.state,
            &mut self.verifier,
            &mut self.inbox,
        ] {
            if text.is_empty() {
                *text = unguessable(random);
            }
        }
        if self.customer_ref.is_empty() {
            "testapp".clone_into(&mut self.customer_ref);
        }
    }

    pub(super) fn configure(&mut self, id: &str, secret: &str, customer: &str) {
        *self = Self {
            client_id: Some(id.to_owned()),
            client_secret: Some(secret.to_owned()),
            customer_ref: customer.to_owned(),
            csrf: std::mem::take(&mut self.csrf),
            inbox: std::mem::take(&mut self.inbox),
            notice: self.notice.take(),
            ..Self::default()
        };
    }

    pub(super) fn secret(&self) -> Option<&str> {
        self.client_secret.as_deref()
    }

    pub(super) fn connect(&mut self, token: &str, code: &str, scope: &str) {
        self.access_token = Some(token.to_owned());
        self.spent = Some((code.to_owned(), scope.to_owned()));
    }

    /// Forgets the token, and says which one it was.
    pub(super) fn disconnect(&mut self) -> Option<Secret<String>> {
        self.spent = None;
        self.subscribed.clear();
        self.access_token.take().map(Secret::new)
    }

    /// The PKCE challenge of the verifier.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    pub(super) fn is_own_form(&self, token: &str) -> bool {
        is_same(&self.csrf, token)
    }

    pub(super) fn is_own_state(&self, state: &str) -> bool {
        is_same(&self.state, state)
    }

    /// Ends the state: it answers for one connection. The verifier that belongs to it.
    pub(super) fn spend_state(&mut self) -> String {
        self.state.clear();
        std::mem::take(&mut self.verifier)
    }

    pub(super) fn leave_notice(&mut self, notice: &Notice) {
        self.notice = Some((notice.is_problem, notice.text.to_string()));
    }

    pub(super) fn take_notice(&mut self) -> Option<Notice> {
        let (is_problem, text) = self.notice.take()?;
        Some(if is_problem {
            Notice::problem(text)
        } else {
            Notice::done(text)
        })
    }
}

/// Compares in constant time; nothing is the same as nothing.
fn is_same(ours: &str, theirs: &str) -> bool {
    !ours.is_empty() && bool::from(ours.as_bytes().ct_eq(theirs.as_bytes()))
}

/// 256 random bits as text that is fit for a URL.
fn unguessable(random: &dyn Random) -> String {
    let mut bytes = [0u8; 32];
    random.fill(&mut bytes);
    hex::encode(bytes)
}
