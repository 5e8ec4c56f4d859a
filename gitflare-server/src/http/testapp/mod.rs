//! The test app: a small OAuth client that this server serves beside itself and that reads through
//! it over HTTP, like any developer's app would. Off unless switched on (IN-5).

mod caller;
mod diff;
mod events;
mod live;
mod repository;
#[cfg(feature = "sandbox")]
mod seeded;
mod visit;

use gitflare_core::{Error, SystemRandom};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    csrf,
    exchange::Exchange,
    pages::{
        View,
        connect::Notice,
        testapp::{ConnectionState, ExchangeCard, TestappView},
        text::{Link, SafeText},
    },
    refusal::Refusal,
    reply::Reply,
};
use caller::Caller;
use visit::{BrowserState, require_on};

pub(super) use diff::diff;
pub(super) use events::{events, receive, subscribe};
pub(super) use live::{commit_metrics, endpoint_suite, repository_scenario};
#[cfg(feature = "sandbox")]
pub(super) use seeded::subscribe_inbox;

/// Largest form of the test app, in bytes.
const MAX_FORM: usize = 8 * 1024;

/// `GET /testapp`
pub(super) async fn page(x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let mut visit = BrowserState::of(&x);
    visit.begin(&x, &SystemRandom);
    let notice = visit.take_notice();
    show(&x, &visit, notice, StatusCode::OK)
}

fn show(
    x: &Exchange,
    visit: &BrowserState,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<Reply, Refusal> {
    let view = TestappView {
        notice,
        ..view(x, visit)?
    };
    Ok(view.reply(status)?.with_header(visit.cookie(x)?))
}

fn view(x: &Exchange, visit: &BrowserState) -> Result<TestappView, Refusal> {
    let state = match (&visit.client_id, &visit.access_token) {
        (None, _) => ConnectionState::Unconfigured,
        (Some(_), None) => ConnectionState::Ready {
            connect_url: connect_url(x, visit)?,
        },
        (Some(_), Some(_)) => ConnectionState::Connected,
    };
    Ok(TestappView {
        state,
        callback_url: callback_url(x),
        client_id: visit.client_id.clone().unwrap_or_default(),
        customer_ref: visit.customer_ref.clone(),
        csrf: visit.csrf.clone(),
        is_sandbox: x.app().guided().is_some(),
        exchange: exchange(x, visit),
        foreign: None,
        notice: None,
    })
}

/// How the server of another app would go on with a code that came here, in a sandbox: a developer has
/// no address of their own yet when they try the link of their first app.
fn foreign(x: &Exchange, code: &str) -> Option<String> {
    x.app().guided()?;
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if code.is_empty() || code.len() > 200 || !code.bytes().all(is_code) {
        return None;
    }
    Some(exchange_command(x, "CLIENT_ID", code))
}

fn exchange_command(x: &Exchange, client: &str, code: &str) -> String {
    format!(
        "curl {}/oauth/token \\\n  -u {client}:CLIENT_SECRET \\\n  -d grant_type=authorization_code -d code={code} \\\n  -d redirect_uri={}",
        x.settings().public_url,
        callback_url(x),
    )
}

/// How the token came, for a person who has only seen pages go by.
fn exchange(x: &Exchange, visit: &BrowserState) -> Option<ExchangeCard> {
    let (code, scope) = visit.spent.as_ref()?;
    let client = visit.client_id.as_deref().unwrap_or_default();
    let request = exchange_command(x, client, code);
    let answer = json!({
        "access_token": visit.access_token,
        "token_type": "Bearer",
        "scope": scope,
    });
    Some(ExchangeCard {
        request,
        answer: serde_json::to_string_pretty(&answer).unwrap_or_default(),
    })
}

fn callback_url(x: &Exchange) -> String {
    format!("{}/testapp/callback", x.settings().panel_url)
}

fn connect_url(x: &Exchange, visit: &BrowserState) -> Result<Link, Refusal> {
    let base = format!("{}/oauth/authorize", x.settings().panel_url);
    let mut url = url::Url::parse(&base)
        .map_err(|error| Error::internal(format!("the panel's address is none: {error}")))?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", visit.client_id.as_deref().unwrap_or_default())
        .append_pair("redirect_uri", &callback_url(x))
        .append_pair("state", &visit.state)
        .append_pair("customer_ref", &visit.customer_ref)
        .append_pair("customer_name", "Test app")
        .append_pair("code_challenge", &visit.challenge())
        .append_pair("code_challenge_method", "S256");
    let link = Link::new(url.as_str());
    link.ok_or_else(|| Error::internal("the panel's address is no link").into())
}

/// Goes back to the page with something to say there.
fn back(x: &Exchange, mut visit: BrowserState, notice: &Notice) -> Result<Reply, Refusal> {
    visit.leave_notice(notice);
    Ok(Reply::see_other("/testapp")?.with_header(visit.cookie(x)?))
}

/// The form of a visit, when our own page has sent it.
async fn form(x: &mut Exchange) -> Result<(BrowserState, Vec<(String, String)>), Refusal> {
    csrf::require_own_origin(x)?;
    let visit = BrowserState::of(x);
    let body = x.body(MAX_FORM).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Error::invalid_request("The form is not UTF-8 text."))?;
    let pairs = super::form::pairs(text, "form")?;
    if !visit.is_own_form(value(&pairs, "csrf")) {
        return Err(csrf::stale());
    }
    Ok((visit, pairs))
}

fn value<'p>(pairs: &'p [(String, String)], name: &str) -> &'p str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.trim())
}

/// `POST /testapp/config`
pub(super) async fn configure(mut x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let (mut visit, pairs) = form(&mut x).await?;
    let [id, secret, customer] =
        ["clientId", "clientSecret", "customerRef"].map(|name| value(&pairs, name));
    let is_short = [id, secret, customer].iter().all(|it| it.len() <= 200);
    if id.is_empty() || secret.is_empty() || customer.is_empty() || !is_short {
        let notice =
            Notice::problem("Client id, client secret and customer must all be filled in.");
        return show(&x, &visit, Some(notice), StatusCode::BAD_REQUEST);
    }
    visit.configure(id, secret, customer);
    visit.begin(&x, &SystemRandom);
    back(
        &x,
        visit,
        &Notice::done("Saved. The secret is kept encrypted, in your browser's cookie alone."),
    )
}

/// `GET /testapp/callback`
pub(super) async fn callback(x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let mut visit = BrowserState::of(&x);
    let query = x.query()?;
    let of = |name: &str| query.value(name).ok().flatten().unwrap_or_default();
    let verifier = if visit.is_own_state(of("state")) {
        Some(visit.spend_state())
    } else if is_printed_state(&x, of("state")) {
        // The link that the sandbox printed was begun by no browser, so there is no verifier.
        visit = BrowserState::default();
        visit.begin(&x, &SystemRandom);
        None
    } else if let Some(command) = foreign(&x, of("code")) {
        visit.begin(&x, &SystemRandom);
        let view = TestappView {
            foreign: Some(command),
            ..view(&x, &visit)?
        };
        return Ok(view.reply(StatusCode::OK)?.with_header(visit.cookie(&x)?));
    } else {
        let text = match of("error") {
            "" => "This answer does not belong to a connection that was begun here. Begin again."
                .to_owned(),
            error => format!(
                "An app of your own gets this at its redirect URI, and no code: error={}",
                SafeText::new(error)
            ),
        };
        return back(&x, visit, &Notice::problem(text.as_str()));
    };
    let issuer = of("iss");
    if !issuer.is_empty() && issuer != x.settings().public_url {
        return back(
            &x,
            visit,
            &Notice::problem("The answer names another issuer."),
        );
    }
    if !of("error").is_empty() {
        let text = match of("error_description") {
            "" => format!("The answer was: {}", SafeText::new(of("error"))),
            about => format!(
                "The answer was {}: {}",
                SafeText::new(of("error")),
                SafeText::new(about)
            ),
        };
        return back(&x, visit, &Notice::problem(text));
    }
    let request = json!({
        "grant_type": "authorization_code",
        "client_id": visit.client_id,
        "client_secret": visit.secret(),
        "code": of("code"),
        "redirect_uri": callback_url(&x),
        "code_verifier": verifier,
    });
    let answer = Caller::new(&x)?
        .call(Method::POST, "/oauth/token", None, Some(&request))
        .await?;
    match answer.body["accessToken"].as_str() {
        Some(token) => {
            let scope = answer.body["scope"].as_str().unwrap_or_default();
            visit.connect(token, of("code"), scope);
            back(&x, visit, &Notice::done("Connected."))
        }
        None => {
            let text = format!("No token was issued: {}", message(&answer.body));
            back(&x, visit, &Notice::problem(text))
        }
    }
}

/// Whether it is the state of the link that a sandbox printed. Whoever holds that link may use it as
/// often as they like: it leads to the sandbox's own app, and everything in it is made up.
fn is_printed_state(x: &Exchange, state: &str) -> bool {
    x.app().guided().is_some_and(|guided| guided.state == state)
}

fn message(body: &Value) -> &str {
    body["error"]["message"].as_str().unwrap_or("no message")
}

/// `POST /testapp/disconnect`
pub(super) async fn disconnect(mut x: Exchange) -> Result<Reply, Refusal> {
    require_on(&x)?;
    let (mut visit, _) = form(&mut x).await?;
    if let Some(token) = visit.disconnect() {
        let request = json!({
            "client_id": visit.client_id,
            "client_secret": visit.secret(),
            "token": token.expose(),
        });
        let answer = Caller::new(&x)?
            .call(Method::POST, "/oauth/revoke", None, Some(&request))
            .await?;
        if answer.status >= 400 {
            let text = format!(
                "The token is forgotten here, but: {}",
                message(&answer.body)
            );
            return back(&x, visit, &Notice::problem(text));
        }
    }
    back(
        &x,
        visit,
        &Notice::done("The token is revoked and forgotten."),
    )
}
