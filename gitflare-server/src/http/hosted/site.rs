//! The handlers of the public site: landing page, documents.

use gitflare_core::{Code, Error};
use http::StatusCode;

use super::super::{
    exchange::Exchange,
    pages::{
        View,
        docs::{GuideView, LandingView, ReferenceView, ZeroTrustView},
    },
    refusal::Refusal,
    reply::Reply,
};

/// `GET /`
pub(crate) async fn landing(x: Exchange) -> Result<Reply, Refusal> {
    if x.user().is_ok() {
        return Reply::see_other("/app/dashboard");
    }
    let settings = x.settings();
    let view = LandingView {
        public_url: settings.public_url.clone(),
        panel_url: settings.panel_url.clone(),
        providers: x
            .gateway()
            .providers()
            .iter()
            .map(|provider| provider.name().into())
            .collect(),
    };
    view.reply(StatusCode::OK)
}

/// `GET /docs`, `/docs/api`, `/zero-trust`
pub(crate) async fn document(x: Exchange) -> Result<Reply, Refusal> {
    let settings = x.settings();
    match x.path() {
        "/docs" => GuideView {
            public_url: settings.public_url.clone(),
            panel_url: settings.panel_url.clone(),
        }
        .reply(StatusCode::OK),
        "/docs/api" => {
            let providers = x.gateway().providers();
            ReferenceView::new(&settings.public_url, x.app().routes(), providers)
                .reply(StatusCode::OK)
        }
        "/zero-trust" => {
            let firewall = x.gateway().firewall_settings();
            ZeroTrustView {
                is_enabled: firewall.enabled,
                blocked: firewall
                    .blocked_file_patterns
                    .iter()
                    .map(|pattern| pattern.as_str().into())
                    .collect(),
            }
            .reply(StatusCode::OK)
        }
        _ => Err(Error::new(Code::ResourceNotFound, "There is no such page.").into()),
    }
}
