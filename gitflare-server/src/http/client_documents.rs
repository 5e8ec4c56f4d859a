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
    Error, Result, UserId,
    gateway::{ClientMetadata, PublicClient},
    redirect_uri,
};
use gitflare_providers::Documents;
use hashlink::LruCache;

use super::{json, settings::ServiceSettings};

/// The most documents that are kept.
const MAX_KEPT: usize = 1000;
/// The most documents that are asked for at once.
const MAX_ASKED: usize = 16;
/// The most of them at one host, and for one person: a slow host, or one person's many addresses, keep
/// nobody else waiting (SC-4).
const MAX_OF_ONE: usize = 2;
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
    /// The host and the person of each document that is being asked for.
    asking: Mutex<Vec<Turn>>,
}

type Turn = (String, UserId);

/// Gives a turn back.
struct Asking<'a>(&'a Mutex<Vec<Turn>>, Turn);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().position(|turn| *turn == self.1) {
            all.swap_remove(at);
        }
    }
}

impl ClientDocuments {
    pub(super) fn new(stand_ins: Vec<(String, SocketAddr)>) -> Self {
        Self {
            documents: Documents::new(stand_ins),
            kept: Mutex::new(LruCache::new(MAX_KEPT)),
            asking: Mutex::default(),
        }
    }

    /// The host of an address that a document may have.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `client_id`.
    pub(super) fn host_of(&self, address: &str) -> Result<String> {
        let host = self.client()?.check(address)?;
        match redirect_uri::is_host(&host) {
            true => Ok(host),
            false => Err(Error::invalid_request(
                "`client_id` must name a host as names of hosts are written.",
            )),
        }
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

    /// The client that the document under an address describes, for a person.
    ///
    /// # Errors
    /// `INVALID_REQUEST` that says what is wrong with it, `RATE_LIMITED` while too many are asked
    /// for: in all, at that host, or for that person.
    pub(super) async fn find(&self, address: &str, person: &UserId) -> Result<PublicClient> {
        if let Some(client) = self.known(address)? {
            return Ok(client);
        }
        let _asking = self.begin(self.host_of(address)?, person.clone())?;
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

    fn begin(&self, host: String, person: UserId) -> Result<Asking<'_>> {
        let mut all = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let of_host = all.iter().filter(|(other, _)| *other == host).count();
        let of_person = all.iter().filter(|(_, other)| *other == person).count();
        if all.len() >= MAX_ASKED || of_host.max(of_person) >= MAX_OF_ONE {
            let message = "Too many apps are looked at right now: try again.";
            return Err(Error::new(gitflare_core::Code::RateLimited, message).with_retry_after(1));
        }
        all.push((host.clone(), person.clone()));
        Ok(Asking(&self.asking, (host, person)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_at_a_host_as_names_are_written() {
        // sec: MC-2
        let documents = ClientDocuments::new(Vec::new());
        let at = |host: &str| documents.host_of(&format!("https://{host}/client.json"));
        let longest = format!("{}.example", "a".repeat(63));
        assert_eq!(at(&longest).unwrap(), longest);
        let long = format!("a{longest}");
        for host in [&*long, "a_b.example", "a.example.", "-a.example", "127.1"] {
            assert!(at(host).is_err(), "{host}");
        }
    }

    #[test]
    fn one_host_and_one_person_leave_room_for_others() {
        // sec: MC-2, SC-4
        let documents = ClientDocuments::new(Vec::new());
        let begin = |host: &str, person: usize| {
            let person = UserId::parse(&format!("user_{person}")).unwrap();
            documents.begin(host.to_owned(), person)
        };
        let slow = [begin("slow.example", 1), begin("slow.example", 2)];
        assert!(slow.iter().all(Result::is_ok));
        assert!(begin("slow.example", 3).is_err(), "a third of one host");
        let again = begin("a.example", 1);
        assert!(again.is_ok());
        assert!(begin("b.example", 1).is_err(), "a third of one person");
        assert!(begin("b.example", 4).is_ok(), "others go on");
        drop(slow);
        assert!(begin("slow.example", 3).is_ok(), "a turn is given back");
        let all: Vec<_> = (10..30)
            .map(|n| begin(&format!("h{n}.example"), n))
            .collect();
        let begun = all.iter().filter(|one| one.is_ok()).count();
        assert_eq!(begun + usize::from(again.is_ok()), MAX_ASKED);
    }
}
