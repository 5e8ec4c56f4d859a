//! `POST /oauth/register` (RFC 7591): clients that register themselves, where the operator lets them.
//! Nothing is stored of it, so a flood leaves nothing behind.

use gitflare_core::{
    Error,
    gateway::{ClientMetadata, MetadataRefusal},
};
use http::StatusCode;

use super::super::{exchange::Exchange, refusal::Refusal, reply::Reply, settings::ServiceSettings};

/// The most bytes of a registration.
const MAX_BODY: usize = 16 * 1024;

/// `POST /oauth/register`
pub(crate) async fn register(mut x: Exchange) -> Result<Reply, Refusal> {
    if !x.gateway().takes_registrations() {
        return Err(Error::not_found("route").into());
    }
    x.settings().rate_limits.admit_registration(x.address)?;
    let metadata = x.json_up_to::<ClientMetadata>(MAX_BODY).await;
    let metadata = metadata.map_err(|refusal| match refusal.status() {
        StatusCode::BAD_REQUEST => refusal.in_oauth_shape("invalid_client_metadata"),
        _ => refusal,
    })?;
    let all = ServiceSettings::public_scopes();
    let registered = x.gateway().register_public_client(&metadata, all);
    Reply::created(&registered.map_err(refused)?)
}

fn refused(refused: MetadataRefusal) -> Refusal {
    Refusal::from(Error::invalid_request(refused.message)).in_oauth_shape(refused.word)
}
