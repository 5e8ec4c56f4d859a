//! What a sandbox tells its own test app, so that a newcomer has nothing to fill in: the app that
//! was made, the inbox that hears of events, and what a leak looks like without the firewall. A
//! server that is no sandbox has none of it.

use std::fmt;

use gitflare_core::Secret;

/// The start of a guided walk.
pub(crate) struct Guided {
    /// The app that the sandbox has made.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: Secret<String>,
    /// The customer whose repositories that app reads without asking.
    pub(crate) customer: String,
    /// The `state` of the consent link that was printed.
    pub(crate) state: String,
    /// The inbox of the subscription that the sandbox has made.
    pub(crate) inbox: String,
    /// The commit that adds secrets.
    pub(crate) leak: Leak,
    /// How to make something happen at each emulated host.
    pub(crate) emitters: Vec<Emitter>,
}

/// An emulated host that reports events on demand. The inbox is subscribed to all that its provider
/// delivers.
#[derive(Clone, Debug)]
pub(crate) struct Emitter {
    /// The provider's id.
    pub(crate) provider: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// The sample repository's full name there.
    pub(crate) repository: String,
    /// The command that makes it report a push.
    pub(crate) command: String,
}

/// A commit with secrets, as the provider has it: the only text in the product that has not passed
/// the firewall. It is read from the sandbox's own sample, never from a customer's repository.
#[derive(Clone, Debug)]
pub(crate) struct Leak {
    /// The full name of its repository.
    pub(crate) repository: String,
    /// Its object name.
    pub(crate) commit: String,
    /// Path and patch of each file.
    pub(crate) files: Vec<(String, String)>,
}

impl fmt::Debug for Guided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guided")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
