//! A new password by mail, where the server can send some: whoever names an address is told the same
//! whether somebody has it, and waits no longer for it. The link is the operator's own: sealed, for one
//! password, for an hour.

use std::sync::Arc;

use gitflare_core::{Code, Error, Secret};
use http::StatusCode;

use super::super::{
    body, csrf,
    exchange::Exchange,
    pages::{View, account::ForgottenView, connect::Notice},
    refusal::Refusal,
    reply::Reply,
    settings::{Mail, Mailer},
};

/// What is said whoever has the address, and whether anybody has.
const SAID: &str = "If somebody here has that address, a link for a new password is on its way to it. It works once, for an hour.";

/// `GET /app/forgotten`
pub(crate) async fn page(x: Exchange) -> Result<Reply, Refusal> {
    mailer(&x)?;
    ForgottenView::default().reply(StatusCode::OK)
}

/// `POST /app/forgotten`
pub(crate) async fn send(mut x: Exchange) -> Result<Reply, Refusal> {
    let mailer = mailer(&x)?;
    let form = csrf::form(&mut x, body::MAX_CREDENTIALS).await?;
    let email = form.text("email")?.unwrap_or_default().trim().to_owned();
    x.settings().rate_limits.admit_sign_in(x.address)?;
    let counted = x.app().throttle.mail(&email);
    let view = ForgottenView {
        email: email.clone(),
        notice: match &counted {
            Ok(_) => Some(Notice::done(SAID)),
            Err(error) => Some(Notice::problem(error.message())),
        },
        ..ForgottenView::default()
    };
    if let Err(error) = counted {
        let refusal = Refusal::from(error);
        let mut reply = view.reply(refusal.status())?;
        reply.headers.extend(refusal.retry_after());
        return Ok(reply);
    }
    let gateway = x.app().gateway();
    let panel = x.settings().panel_url.clone();
    // What it costs to look, and to send, does not show in the time of the answer.
    tokio::spawn(async move {
        let link = match gateway.reset_link(&email).await {
            Ok(Some(link)) => link,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(error = ?error, "a forgotten password could not be looked for");
                return;
            }
        };
        let text = Secret::new(format!(
            "Somebody asked for a new password of your GitFlare account.\n\n\
             Choose one here, within an hour. It ends every session of the account:\n\n\
             {panel}/app/reset?link={}\n\n\
             If it was not you, do nothing: your password stays as it is.\n",
            link.expose()
        ));
        let subject = "A new password for GitFlare".to_owned();
        if let Err(reason) = mailer
            .send(Mail {
                to: email,
                subject,
                text,
            })
            .await
        {
            tracing::warn!(reason, "a link for a new password was not mailed");
        }
    });
    view.reply(StatusCode::OK)
}

fn mailer(x: &Exchange) -> Result<Arc<dyn Mailer>, Refusal> {
    let none =
        "This server sends no mail: whoever runs it can make a link (`gitflare user reset`).";
    let mailer = x.settings().mailer.clone();
    mailer.ok_or_else(|| Error::new(Code::ResourceNotFound, none).into())
}
