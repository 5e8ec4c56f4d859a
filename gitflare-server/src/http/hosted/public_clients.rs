//! Clients that nobody has registered here, as a browser brings them: which ones are let in, and the person
//! who has to be signed in for them. Until then nothing is fetched and nothing is stored.

use gitflare_core::{
    gateway::{PublicClient, PublicVisit, Query},
    redirect_uri,
    storage::Client,
};

use super::super::{
    exchange::Exchange,
    pages::{connect::Stranger, text::SafeText},
    refusal::Refusal,
    reply::Reply,
    session,
};

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
    let gateway = x.gateway();
    let user = match gateway.takes_public_clients() {
        false => return Ok(Asking::App),
        true => session::user(x).await?.map(|visit| visit.user),
    };
    let documents = &x.app().client_documents;
    let client = match id.contains(':') {
        true if !gateway.takes_documents_of(&documents.host_of(id)?) => None,
        true => match &user {
            Some(user) => Some(documents.find(id, user).await?),
            None => match documents.known(id)? {
                None => return Ok(Asking::Later),
                known => known,
            },
        },
        false if gateway.takes_registrations() => gateway.registered_client(id),
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

/// How a public client is shown; `None` for an app. Anybody can choose a name: what is shown in its place
/// is a host (MC-4).
pub(super) fn stranger(
    client: &Client,
    redirect_uri: Option<&str>,
) -> Option<(SafeText, Stranger)> {
    let public_id = client.public_id.as_ref()?;
    let is_described = public_id.starts_with("https://");
    // Where it is not known to which of its addresses a code went, it may have been any of them.
    let uris: Vec<&str> = match redirect_uri {
        Some(uri) => vec![uri],
        None => client
            .allowed_redirect_uris
            .iter()
            .map(String::as_str)
            .collect(),
    };
    let is_here = |uri: &&str| redirect_uri::is_this_computer(uri);
    let is_this_computer = uris.iter().all(is_here);
    let name = match (is_described, is_this_computer) {
        (true, _) => SafeText::of_host(host(public_id)),
        (false, true) => SafeText::new("A program on this computer"),
        (false, false) => SafeText::of_hosts(uris.iter().map(|uri| host(uri))),
    };
    let stranger = Stranger {
        described_at: is_described.then(|| SafeText::new(public_id)),
        calls_itself: (!client.name.is_empty()).then(|| SafeText::new(&client.name)),
        is_this_computer,
    };
    Some((name, stranger))
}

/// The host of an address, with its port where it has one.
pub(super) fn host(uri: &str) -> &str {
    let origin = redirect_uri::origin(uri);
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
