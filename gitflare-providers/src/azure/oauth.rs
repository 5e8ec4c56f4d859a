//! Linking accounts at Azure DevOps: applications of Microsoft Entra ID, whose access tokens live about
//! an hour, and whose refresh tokens change with every use. A token is renewed at the tenant that issued
//! it, which a guest has beside their own. There is no revocation of one token; people remove an
//! application in their settings.
//! <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow>

use async_trait::async_trait;
use gitflare_core::{
    Result, Scopes, Secret,
    provider::{
        AuthorizationRequest, CodeExchange, OauthRefusal, ProviderId, ProviderOauth,
        ProviderTokens, TokenRefresh, TokenRevocation,
    },
};

use super::{
    claims::claim,
    client::{CLOUD, REQUEST_ID},
};
use crate::{
    Http, OauthConfig,
    oauth::{ClientAuthentication, Flow, Need, Oauth, Revocation},
    wire::is_uuid,
};

const FLOW: Flow = Flow {
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

/// Our registration at Microsoft Entra.
#[derive(Debug)]
pub(super) struct EntraOauth(Oauth);

impl EntraOauth {
    pub(super) fn new(http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        Oauth::new(http, &FLOW, api_url, config, None).map(Self)
    }
}

/// What a connection keeps as its refresh token: the tenant that issued it, a blank, which no token
/// holds (RFC 6749, appendix A.17), and the token.
fn with_tenant(mut issued: ProviderTokens, known: Option<&str>) -> ProviderTokens {
    let told = claim(issued.access_token.expose(), "tid").filter(|tenant| is_uuid(tenant));
    if let (Some(tenant), Some(token)) = (told.as_deref().or(known), &issued.refresh_token) {
        issued.refresh_token = Some(Secret::new(format!("{tenant} {}", token.expose())));
    }
    issued
}

/// The tenant of a refresh token, where it is known, and the token.
fn apart(kept: &Secret<String>) -> (Option<&str>, Secret<String>) {
    let kept = kept.expose();
    match kept.split_once(' ') {
        Some((tenant, token)) if is_uuid(tenant) => (Some(tenant), Secret::new(token.to_owned())),
        _ => (None, Secret::new(kept.to_owned())),
    }
}

#[async_trait]
impl ProviderOauth for EntraOauth {
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String> {
        self.0.authorization_url(request)
    }

    fn issuer_origin(&self) -> &str {
        self.0.issuer_origin()
    }

    fn beyond_reading(&self, permissions: Scopes) -> Vec<&'static str> {
        self.0.rights_beyond_reading(permissions)
    }

    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let issued = self.0.exchange(exchange).await?;
        Ok(with_tenant(issued, None))
    }

    async fn refresh(&self, refresh: TokenRefresh<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let (tenant, refresh_token) = apart(refresh.refresh_token);
        let path = match tenant {
            Some(tenant) => format!("/{tenant}/oauth2/v2.0/token"),
            None => FLOW.token.to_owned(),
        };
        let refresh = TokenRefresh {
            refresh_token: &refresh_token,
            ..refresh
        };
        let issued = self.0.refresh_at(&path, refresh).await?;
        Ok(with_tenant(issued, tenant))
    }

    async fn revoke(&self, _: TokenRevocation<'_>) -> Result<()> {
        Ok(())
    }
}
