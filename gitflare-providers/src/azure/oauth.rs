//! Linking accounts at Azure DevOps: applications of Microsoft Entra ID, whose access tokens live about
//! an hour, and whose refresh tokens change with every use. There is no revocation of one token; people
//! remove an application in their settings.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow>

use gitflare_core::{Result, provider::ProviderId};

use super::client::{CLOUD, REQUEST_ID};
use crate::oauth::{ClientAuthentication, Flow, Need, Revocation};

pub(super) const FLOW: Flow = Flow {
    provider: ProviderId::AZURE,
    web_url,
    // Accounts of any organization, and no personal ones: Azure DevOps does not let those in.
    authorize: "/organizations/oauth2/v2.0/authorize",
    authorize_query: &[],
    token: "/organizations/oauth2/v2.0/token",
    client_authentication: ClientAuthentication::Form,
    // The GUID is Azure DevOps, whose scopes have it in front. `vso.code` lets make service hooks too:
    // there is nothing narrower.
    // <https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/oauth>
    scopes: &[
        (
            Need::Profile,
            "499b84ac-1321-427f-aa17-267ca6975798/vso.profile",
        ),
        (Need::Profile, "offline_access"),
        (
            Need::Repositories,
            "499b84ac-1321-427f-aa17-267ca6975798/vso.code",
        ),
        (
            Need::Events,
            "499b84ac-1321-427f-aa17-267ca6975798/vso.code",
        ),
        (
            Need::Events,
            "499b84ac-1321-427f-aa17-267ca6975798/vso.build",
        ),
    ],
    beyond_reading: &[(
        "499b84ac-1321-427f-aa17-267ca6975798/vso.code",
        "making service hooks",
    )],
    refresh_repeats_redirect_uri: false,
    revocation: Revocation::Unsupported,
    request_id: REQUEST_ID,
};

/// The public service signs people in elsewhere.
fn web_url(api_url: &str) -> Result<String> {
    Ok(match api_url.trim_end_matches('/') {
        CLOUD => "https://login.microsoftonline.com".to_owned(),
        own => own.to_owned(),
    })
}
