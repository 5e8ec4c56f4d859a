//! What customers see of an app beside its name: the developer's form for it, and the logo, which this
//! server serves itself so that no customer's browser asks anybody else.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_core::{ClientId, Error, gateway::ProfileChanges};
use http::{HeaderValue, StatusCode, header};

use super::{
    super::{csrf, exchange::Exchange, pages::View, refusal::Refusal, reply::Reply},
    dashboard,
    sign_in::problems_by_field,
};

/// How long a browser may keep a logo.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// The field of the logo's file.
const LOGO: &str = "logo";
/// The most that the form may hold: more than a logo may, so that one that is too large is told beside
/// its field, and nothing else that was typed is lost.
const MAX_FORM: usize = 1024 * 1024;
/// How the field of a purpose begins.
const PURPOSE: &str = "purpose.";

/// `GET /app/logos/:clientId`
pub(crate) async fn logo(mut x: Exchange) -> Result<Reply, Refusal> {
    let none = || Error::not_found("logo");
    let id = x.parameter("clientId").unwrap_or_default();
    let id = ClientId::parse(&id).map_err(|_| none())?;
    let profile = x.gateway().app_profile(&id).await?;
    Ok(Reply {
        status: StatusCode::OK,
        content_type: Some("image/png"),
        body: profile.logo.ok_or_else(none)?,
        headers: vec![(header::CACHE_CONTROL, KEPT)],
    })
}

/// `POST /app/developer/apps/:clientId/profile`
pub(crate) async fn update(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("clientId").unwrap_or_default();
    let (form, file) = csrf::form_with_file(&mut x, MAX_FORM, LOGO).await?;
    let text = |name: &str| -> Result<String, Refusal> {
        Ok(form.text(name)?.unwrap_or_default().to_owned())
    };
    let purposes: BTreeMap<String, String> = form
        .pairs()
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PURPOSE)?.to_owned(), value.clone())))
        .collect();
    let changes = ProfileChanges {
        website: Some(text("website")?),
        privacy_url: Some(text("privacyUrl")?),
        purposes: Some(purposes.clone()),
        logo: match (file, form.text("removeLogo")?) {
            (Some(file), _) => Some(STANDARD.encode(file)),
            (None, Some(_)) => Some(String::new()),
            (None, None) => None,
        },
    };
    let entered = (changes.website.clone(), changes.privacy_url.clone());
    let faults = changes.faults();
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    match gateway.update_profile(user, &id, changes, &x.act()).await {
        Ok(_) => Reply::see_other("/app/dashboard?done=saved"),
        Err(error) => {
            let mut view = dashboard::view(&x).await?;
            let (notice, problems) = problems_by_field(
                &error,
                &faults,
                &["website", "privacyUrl", "purposes", LOGO],
            );
            view.notice = notice;
            let panel = dashboard::panel_mut(&mut view, &id)?;
            let profile = &mut panel.profile;
            profile.website = entered.0.unwrap_or_default();
            profile.privacy_url = entered.1.unwrap_or_default();
            for row in &mut profile.purposes {
                if let Some(text) = purposes.get(row.scope.as_str()) {
                    row.text = text.clone();
                }
            }
            profile.problems = problems;
            view.reply(Refusal::from(error).status())
        }
    }
}
