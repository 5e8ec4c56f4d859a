//! Clients that nobody has registered here, as a browser brings them: which ones are let in, and the person
//! who has to be signed in for them. Until then nothing is fetched and nothing is stored.

use gitflare_core::gateway::{PublicClient, PublicVisit, Query};

use super::super::{exchange::Exchange, refusal::Refusal, reply::Reply, session};

/// Who asks for an authorization.
pub(super) enum Asking {
    /// An app, or nobody that is known.
    App,
    /// A public client, and who has signed in.
    Public(Box<PublicVisit>),
    /// A public client that is looked at once somebody has signed in.
    Later,
}

/// The client that a request for authorization names, if it is a public one.
pub(super) async fn asking(x: &Exchange, query: &Query) -> Result<Asking, Refusal> {
    let id = query.value("client_id").ok().flatten().unwrap_or_default();
    let settings = x.settings();
    let user = match settings.public_clients.is_empty() {
        true => return Ok(Asking::App),
        false => session::user(x).await?.map(|visit| visit.user),
    };
    let documents = &x.app().client_documents;
    let client = match id.contains(':') {
        true if !settings.takes_documents_of(&documents.host_of(id)?) => None,
        true if user.is_some() => Some(documents.find(id).await?),
        true => match documents.known(id)? {
            None => return Ok(Asking::Later),
            known => known,
        },
        false if settings.takes_registrations() => x.gateway().registered_client(id),
        false => None,
    };
    let visit = |client: PublicClient| Asking::Public(Box::new(PublicVisit { client, user }));
    Ok(client.map_or(Asking::App, visit))
}

/// Leads to the sign-in, and from there back to this page, whose path it is.
pub(super) fn sign_in(x: &Exchange, path: &str) -> Result<Reply, Refusal> {
    let here = match x.raw_query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let here = percent_encoding::utf8_percent_encode(&here, percent_encoding::NON_ALPHANUMERIC);
    Reply::see_other(&format!("/app/login?returnTo={here}"))
}
