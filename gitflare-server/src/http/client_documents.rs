//! Client metadata documents, as they were last found: each address is asked once while its document is
//! good, and one that brings nothing once a minute. How many are kept and asked for at once is bounded.
//! What may be asked is the outbound client's to say, what a document means the gateway's.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{
    Error, Result,
    gateway::{ClientMetadata, PublicClient},
};
use gitflare_providers::Documents;
use hashlink::LruCache;
use tokio::sync::Semaphore;

use super::{json, settings::ServiceSettings};

/// The most documents that are kept.
const MAX_KEPT: usize = 1000;
/// The most documents that are asked for at once.
const MAX_ASKED: usize = 16;
/// How long an address that brings nothing is not asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// What was found under an address, or why nothing was, and until when that counts.
#[derive(Clone, Debug)]
struct Kept {
    found: Result<PublicClient, String>,
    until: Instant,
}

/// The documents of clients.
pub(super) struct ClientDocuments {
    documents: Result<Documents>,
    kept: Mutex<LruCache<String, Kept>>,
    asking: Semaphore,
}

impl ClientDocuments {
    pub(super) fn new(stand_ins: Vec<(String, SocketAddr)>) -> Self {
        Self {
            documents: Documents::new(stand_ins),
            kept: Mutex::new(LruCache::new(MAX_KEPT)),
            asking: Semaphore::new(MAX_ASKED),
        }
    }

    /// The host of an address that a document may have.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `client_id`.
    pub(super) fn host_of(&self, address: &str) -> Result<String> {
        self.client()?.check(address)
    }

    /// The client of an address, if it is known now.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(super) fn known(&self, address: &str) -> Result<Option<PublicClient>> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(address).filter(|kept| Instant::now() < kept.until);
        kept.map(|kept| kept.found.clone().map_err(|why| refusal(&why)))
            .transpose()
    }

    /// The client that the document under an address describes.
    ///
    /// # Errors
    /// `INVALID_REQUEST` that says what is wrong with it, `RATE_LIMITED` while too many are asked
    /// for.
    pub(super) async fn find(&self, address: &str) -> Result<PublicClient> {
        if let Some(client) = self.known(address)? {
            return Ok(client);
        }
        let Ok(_permit) = self.asking.try_acquire() else {
            let message = "Too many apps are looked at right now: try again.";
            return Err(Error::new(gitflare_core::Code::RateLimited, message).with_retry_after(1));
        };
        let (found, good_for) = match self.client()?.fetch(address).await {
            Ok(document) => match describe(address, &document.body) {
                Ok(client) => (Ok(client), document.good_for),
                Err(why) => (Err(why), AFTER_FAILURE),
            },
            Err(why) => (Err(why.to_owned()), AFTER_FAILURE),
        };
        let kept = Kept {
            found: found.clone(),
            until: Instant::now() + good_for,
        };
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(address.to_owned(), kept);
        drop(all);
        found.map_err(|why| refusal(&why))
    }

    fn client(&self) -> Result<&Documents> {
        self.documents.as_ref().map_err(Clone::clone)
    }
}

impl fmt::Debug for ClientDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientDocuments").finish_non_exhaustive()
    }
}

/// The client of a document, or what is wrong with it.
fn describe(address: &str, body: &[u8]) -> Result<PublicClient, String> {
    let metadata: ClientMetadata =
        json::read(body).map_err(|_| "it is not a JSON object of the known members".to_owned())?;
    let described = metadata.of_document(address, ServiceSettings::public_scopes());
    described.map_err(|refused| refused.message)
}

fn refusal(why: &str) -> Error {
    let why = why.trim_end_matches('.');
    Error::invalid_request(format!(
        "The app that brought you here says what it is in a document, which does not count: {why}."
    ))
}
