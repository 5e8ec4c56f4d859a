//! Linking accounts at GitLab: access tokens live two hours, and refreshing ends the pair before.
//! <https://docs.gitlab.com/api/oauth2/>

use gitflare_core::provider::ProviderId;

use super::client::REQUEST_ID;
use crate::oauth::{ClientAuthentication, Flow, Need, Revocation, web_url};

pub(super) const FLOW: Flow = Flow {
    provider: ProviderId::GITLAB,
    web_url: |api_url| web_url(api_url, "/api/v4"),
    authorize: "/oauth/authorize",
    authorize_query: &[],
    token: "/oauth/token",
    client_authentication: ClientAuthentication::Form,
    // Nothing narrower than `read_api` reads repositories, and nothing narrower than `api` makes
    // hooks. <https://docs.gitlab.com/integration/oauth_provider/#view-all-authorized-applications>
    scopes: &[
        (Need::Profile, "read_user"),
        (Need::Repositories, "read_api"),
        (Need::Events, "api"),
    ],
    beyond_reading: &[(
        "api",
        "full access to the account by GitLab's API, to make webhooks",
    )],
    refresh_repeats_redirect_uri: true,
    revocation: Revocation::EachToken("/oauth/revoke"),
    request_id: REQUEST_ID,
};
