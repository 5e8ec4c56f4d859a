//! The address by which a customer comes back to connect an account again: signed, so that it opens in
//! any browser; and the mail that carries it. Signing is the core's.

use gitflare_core::{
    Code, Error, Result, Secret, account_link::email_address, gateway::ReconnectLink,
};
use url::form_urlencoded;

use super::{exchange::Exchange, settings::Mail};

/// The parameters that sign the address.
pub(super) const EXPIRES: &str = "reconnect_exp";
pub(super) const SIGNATURE: &str = "reconnect_sig";

/// The signed address for a client's customer.
pub(super) fn address(panel_url: &str, client_id: &str, link: &ReconnectLink) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("customer_ref", &link.customer_ref)
        .append_pair(EXPIRES, &link.expires_at.as_seconds().to_string())
        .append_pair(SIGNATURE, &link.signature)
        .finish();
    format!("{panel_url}/app/company/apps/{client_id}/reconnect?{query}")
}

/// Mails a link for an app. Everything but the app's name is the operator's own words.
///
/// # Errors
/// `INVALID_REQUEST` naming `email` where no mail is sent or the address is none, `RATE_LIMITED` for a
/// mailbox that got many, `UPSTREAM_UNAVAILABLE` when the mail server does not take it.
pub(super) async fn mail(
    x: &Exchange,
    email: &str,
    app: &str,
    address: &str,
    until: &str,
) -> Result<()> {
    let mailer = x.settings().mailer.clone().ok_or_else(|| {
        Error::invalid_request("`email`: this server sends no mail. Send the link yourself.")
    })?;
    let to = email_address(email)?;
    let _counted = x.app().throttle.mail(&to)?;
    let text = Secret::new(format!(
        "{app} asks you to connect your Git account again.\n\n\
         Sign in at your Git provider here, until {until}. What you have approved stays as it is:\n\n\
         {address}\n\n\
         The page says who asks, and shows nothing before you sign in. If you do not know {app}, do nothing.\n"
    ));
    let sent = mailer.send(Mail {
        to,
        subject: "Connect your Git account again".to_owned(),
        text,
    });
    sent.await.map_err(|reason| {
        Error::new(
            Code::UpstreamUnavailable,
            format!("The mail was not sent: {reason}."),
        )
    })
}
