//! Sign-up, login and logout, as forms and as JSON on the same routes. A form sets the session's
//! cookie; JSON gets the session's token and no cookie, so that no other site can sign a browser
//! in by it.

use gitflare_core::{
    Code, Error, Secret,
    gateway::{SignUp, SignedIn, account_link_used},
};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::super::{
    bodies::account::{LogIn, Opened},
    body::{self, ContentType},
    cookie::Cookie,
    csrf,
    exchange::Exchange,
    pages::{
        View,
        account::{FieldProblem, LoginView, ResetView, SignupView},
        connect::Notice,
        text::SafeText,
    },
    refusal::Refusal,
    reply::Reply,
    session,
    settings::SignUpMode,
};

/// Target of a sign-in without `returnTo`.
const DASHBOARD: &str = "/app/dashboard";
const LOGIN: &str = "/app/login";

/// `GET /app/signup` and its aliases
pub(crate) async fn sign_up_page(x: Exchange) -> Result<Reply, Refusal> {
    refuse_customers(&x)?;
    let query = x.query()?;
    let invitation = query.value("invitation")?.unwrap_or_default().to_owned();
    let view = SignupView {
        return_to: return_to(query.value("returnTo")?),
        email: x.gateway().invited_address(&invitation).unwrap_or_default(),
        is_closed: !is_admitted(&x, &invitation, None).await?,
        invitation,
        ..SignupView::default()
    };
    view.reply(StatusCode::OK)
}

/// `POST /app/signup` and its aliases
pub(crate) async fn sign_up(mut x: Exchange) -> Result<Reply, Refusal> {
    refuse_customers(&x)?;
    let entered = Entered::of::<SignUp>(&mut x).await?;
    match sign_up_as(&x, &entered).await {
        Ok(signed) if entered.is_form => enter(&x, &entered, &signed),
        Ok(signed) => Reply::created(&Opened::from(&signed)),
        Err(refusal) if entered.is_form => {
            let faults = x
                .gateway()
                .sign_up_faults(&request_of(&entered), &x.app().passwords);
            let fields = ["name", "email", "password"];
            let (notice, problems) = problems_by_field(refusal.error(), &faults, &fields);
            let view = SignupView {
                return_to: entered.return_to.clone(),
                name: entered.name.clone().unwrap_or_default(),
                email: entered.email.clone(),
                invitation: entered.invitation.expose().clone(),
                is_closed: refusal.error().code() == Code::AccessBlockedByPolicy,
                problems,
                notice,
                ..SignupView::default()
            };
            again(&view, &refusal)
        }
        Err(refusal) => Err(refusal),
    }
}

/// `GET /app/login` and its aliases
pub(crate) async fn log_in_page(x: Exchange) -> Result<Reply, Refusal> {
    refuse_customers(&x)?;
    let view = LoginView {
        return_to: return_to(x.query()?.value("returnTo")?),
        notice: ended_session(&x).await?,
        sends_mail: x.settings().mailer.is_some(),
        ..LoginView::default()
    };
    view.reply(StatusCode::OK)
}

/// What somebody reads whose browser holds a session that opens nothing: it ended, or it is that of
/// a sign-up with an address that had an account.
async fn ended_session(x: &Exchange) -> Result<Option<Notice>, Refusal> {
    if Cookie::Session.find(x.headers(), x.settings()).is_none()
        || session::user(x).await?.is_some()
    {
        return Ok(None);
    }
    Ok(Some(Notice::problem(
        "Sign in to go on. If you have just signed up and had an account before, its password has stayed the same.",
    )))
}

/// `POST /app/login` and its aliases
pub(crate) async fn log_in(mut x: Exchange) -> Result<Reply, Refusal> {
    refuse_customers(&x)?;
    let entered = Entered::of::<LogIn>(&mut x).await?;
    match log_in_as(&x, &entered).await {
        Ok(signed) if entered.is_form => enter(&x, &entered, &signed),
        Ok(signed) => Reply::ok(&Opened::from(&signed)),
        Err(refusal) if entered.is_form => {
            let (notice, problems) = problem_by_field(refusal.error(), &["email", "password"]);
            let view = LoginView {
                return_to: entered.return_to.clone(),
                email: entered.email.clone(),
                sends_mail: x.settings().mailer.is_some(),
                problems,
                notice,
                ..LoginView::default()
            };
            again(&view, &refusal)
        }
        Err(refusal) => Err(refusal),
    }
}

/// `GET /app/logout`. Another site's link or image must not sign anybody out (SE-5).
pub(crate) async fn log_out(x: Exchange) -> Result<Reply, Refusal> {
    let visit = x.user()?;
    let query = x.query()?;
    if visit.is_cookie && !matches!(csrf::fetch_site(x.headers()), Some("same-origin" | "none")) {
        csrf::require_token(&x, visit, query.value("csrf")?.unwrap_or_default())?;
    }
    x.gateway().end_session(&visit.session.id, &x.act()).await?;
    Ok(Reply::see_other(LOGIN)?.with_header(Cookie::Session.clear(x.settings())?))
}

/// Customers have no accounts of their own any more: they connect through an app.
fn refuse_customers(x: &Exchange) -> Result<(), Refusal> {
    if x.path().starts_with("/app/customer/") {
        return Err(Refusal::gone(
            "Customers no longer sign up or in here: they connect through the app that they use.",
        ));
    }
    Ok(())
}

/// The fields of a sign-up or login, from a form or from JSON.
struct Entered {
    is_form: bool,
    email: String,
    password: Secret<String>,
    name: Option<String>,
    /// Empty without one.
    invitation: Secret<String>,
    return_to: Option<String>,
}

impl Entered {
    /// The fields of a form, or the JSON members of `J`.
    async fn of<J: DeserializeOwned + Into<Self>>(x: &mut Exchange) -> Result<Self, Refusal> {
        if body::content_type(x.headers()) == ContentType::Form {
            let form = csrf::form(x, body::MAX_CREDENTIALS).await?;
            return Ok(Self {
                is_form: true,
                email: form.text("email")?.unwrap_or_default().to_owned(),
                password: Secret::from(form.text("password")?.unwrap_or_default()),
                name: form.text("name")?.map(str::to_owned),
                invitation: Secret::from(form.text("invitation")?.unwrap_or_default()),
                return_to: return_to(form.text("returnTo")?),
            });
        }
        Ok(x.json_up_to::<J>(body::MAX_CREDENTIALS).await?.into())
    }
}

impl From<SignUp> for Entered {
    fn from(sent: SignUp) -> Self {
        Self {
            is_form: false,
            email: sent.email,
            password: sent.password,
            name: sent.name,
            invitation: sent.invitation.unwrap_or_else(|| Secret::from("")),
            return_to: None,
        }
    }
}

impl From<LogIn> for Entered {
    fn from(sent: LogIn) -> Self {
        Self {
            is_form: false,
            email: sent.email,
            password: sent.password,
            name: None,
            invitation: Secret::from(""),
            return_to: None,
        }
    }
}

async fn sign_up_as(x: &Exchange, entered: &Entered) -> Result<SignedIn, Refusal> {
    x.settings().rate_limits.admit_sign_in(x.address)?;
    // Apart from sign-ins, and never forgotten for a success: that it is one must not show.
    let account = format!("sign-up {}", entered.email.trim());
    let _tried = x.app().throttle.begin(&account, x.address)?;
    if !is_admitted(x, entered.invitation.expose(), Some(&entered.email)).await? {
        return Err(closed().into());
    }
    let passwords = &x.app().passwords;
    let gateway = x.gateway();
    let request = request_of(entered);
    Ok(gateway.sign_up(request, passwords, &x.request_id).await?)
}

/// What somebody signs up with.
fn request_of(entered: &Entered) -> SignUp {
    SignUp {
        email: entered.email.clone(),
        password: entered.password.clone(),
        name: entered.name.clone(),
        invitation: None,
    }
}

/// Whether somebody may make an account: everybody where sign-up is open, else whom a link invites.
/// Without an `email` yet, the link's own counts.
async fn is_admitted(x: &Exchange, link: &str, email: Option<&str>) -> Result<bool, Refusal> {
    if x.settings().sign_up == SignUpMode::Open {
        return Ok(true);
    }
    let invited = x.gateway().invited_address(link).unwrap_or_default();
    let email = email.unwrap_or(&invited);
    Ok(x.gateway().is_invited(link, email).await?)
}

fn closed() -> Error {
    Error::new(
        Code::AccessBlockedByPolicy,
        "This server makes accounts for people whom its operator has sent a link: ask for one (`gitflare user create`).",
    )
}

/// `GET /app/reset`
pub(crate) async fn reset_page(x: Exchange) -> Result<Reply, Refusal> {
    let link = x.query()?.value("link")?.unwrap_or_default().to_owned();
    let Some(user) = x.gateway().resettable(&link).await? else {
        return link_over(&x, account_link_used().into());
    };
    let view = ResetView {
        link,
        email: user.email,
        ..ResetView::default()
    };
    view.reply(StatusCode::OK)
}

/// The sign-in page, where somebody whose link is over finds the way to another one.
fn link_over(x: &Exchange, refusal: Refusal) -> Result<Reply, Refusal> {
    let accepted = x.headers().get(header::ACCEPT);
    let is_browser = accepted.and_then(|it| it.to_str().ok());
    if is_browser.is_none_or(|it| !it.contains("text/html")) {
        return Err(refusal);
    }
    let view = LoginView {
        notice: Some(Notice::problem(refusal.error().message())),
        sends_mail: x.settings().mailer.is_some(),
        ..LoginView::default()
    };
    view.reply(StatusCode::UNAUTHORIZED)
}

/// `POST /app/reset`
pub(crate) async fn reset(mut x: Exchange) -> Result<Reply, Refusal> {
    let form = csrf::form(&mut x, body::MAX_CREDENTIALS).await?;
    let link = form.text("link")?.unwrap_or_default().to_owned();
    let password = Secret::from(form.text("password")?.unwrap_or_default());
    x.settings().rate_limits.admit_sign_in(x.address)?;
    let passwords = &x.app().passwords;
    let signed = x
        .gateway()
        .reset_password(&link, password, passwords, &x.request_id)
        .await
        .map_err(Refusal::from);
    match signed {
        Ok(signed) => {
            let cookie = session::user_cookie(&signed.begun, x.settings())?;
            Ok(Reply::see_other(DASHBOARD)?.with_header(cookie))
        }
        Err(refusal) => {
            let Some(user) = x.gateway().resettable(&link).await? else {
                return match refusal.error().code() {
                    Code::InvalidCredentials => link_over(&x, refusal),
                    _ => Err(refusal),
                };
            };
            let (notice, problems) = problem_by_field(refusal.error(), &["password"]);
            let view = ResetView {
                link,
                email: user.email,
                problems,
                notice,
                ..ResetView::default()
            };
            again(&view, &refusal)
        }
    }
}

async fn log_in_as(x: &Exchange, entered: &Entered) -> Result<SignedIn, Refusal> {
    x.settings().rate_limits.admit_sign_in(x.address)?;
    let tried = x.app().throttle.begin(&entered.email, x.address)?;
    let password = entered.password.clone();
    let signed = x
        .gateway()
        .log_in(&entered.email, password, &x.app().passwords, &x.request_id)
        .await?;
    x.app().throttle.succeed(tried);
    Ok(signed)
}

/// Leads on with the new session's cookie. Whatever cookie came along is replaced (SE-2).
fn enter(x: &Exchange, entered: &Entered, signed: &SignedIn) -> Result<Reply, Refusal> {
    let target = entered.return_to.as_deref().unwrap_or(DASHBOARD);
    let cookie = session::user_cookie(&signed.begun, x.settings())?;
    Ok(Reply::see_other(target)?.with_header(cookie))
}

/// The page again, with what is wrong.
pub(super) fn again(view: &impl View, refusal: &Refusal) -> Result<Reply, Refusal> {
    let mut reply = view.reply(refusal.status())?;
    reply.headers.extend(refusal.retry_after());
    Ok(reply)
}

/// An error as the page tells it: beside the field that its message begins with, or on top.
pub(super) fn problem_by_field(
    error: &Error,
    fields: &[&'static str],
) -> (Option<Notice>, Vec<FieldProblem>) {
    let message = match error.code() {
        Code::InternalError => "Something went wrong on our side: try again.",
        _ => error.message(),
    };
    let named = fields.iter().find_map(|field| {
        let rest = message.strip_prefix(&format!("`{field}"))?;
        rest.starts_with(['`', '[']).then_some(*field)
    });
    match named {
        Some(field) => {
            let message = SafeText::new(&in_words(field, message));
            (None, vec![FieldProblem { field, message }])
        }
        None => (Some(Notice::problem(message)), Vec::new()),
    }
}

/// The same for a form: beside every field that is wrong, when one is.
pub(super) fn problems_by_field(
    error: &Error,
    all: &[Error],
    fields: &[&'static str],
) -> (Option<Notice>, Vec<FieldProblem>) {
    let (notice, problems) = problem_by_field(error, fields);
    if problems.is_empty() || all.is_empty() {
        return (notice, problems);
    }
    let all = all.iter().flat_map(|it| problem_by_field(it, fields).1);
    (notice, all.collect())
}

/// What is wrong with a field, as it is said right beside it. Of a list, its lines are counted.
fn in_words(field: &str, message: &str) -> String {
    if message == "`defaultPermissions` must name at least one scope." {
        return "Choose at least one.".to_owned();
    }
    let rest = message
        .strip_prefix(&format!("`{field}"))
        .unwrap_or(message);
    let entry = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]`"));
    let (subject, rest) = match entry.map(|(number, rest)| (number.parse::<usize>(), rest)) {
        Some((Ok(number), rest)) => (format!("Line {}", number + 1), rest),
        _ => ("This".to_owned(), rest.trim_start_matches('`')),
    };
    format!("{subject}{}", rest.replace('`', ""))
}

/// A path of ours to go on to, or nothing: never another site (RFC 9700, section 4.11).
fn return_to(text: Option<&str>) -> Option<String> {
    let text = text?;
    let is_own = text.starts_with('/')
        && !text.starts_with("//")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_own.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_gone_on_to() {
        for text in ["/app/dashboard", "/oauth/authorize?x=//y", "/"] {
            assert_eq!(return_to(Some(text)).as_deref(), Some(text));
        }
        for text in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:x",
            "/\t/evil.example",
            "/ x",
            "x",
            "\\/evil.example",
            "/é",
        ] {
            assert_eq!(return_to(Some(text)), None, "{text}");
        }
        assert_eq!(return_to(None), None);
    }

    #[test]
    fn an_error_stands_beside_the_field_that_it_names() {
        let fields = ["email", "password"];
        let (notice, problems) =
            problem_by_field(&Error::invalid_request("`email` must be one."), &fields);
        assert!(notice.is_none());
        assert_eq!(problems[0].field, "email");
        assert_eq!(problems[0].message.as_str(), "This must be one.");
        for (message, said) in [
            ("`email[1]` must use `https`.", "Line 2 must use https."),
            (
                "`defaultPermissions` must name at least one scope.",
                "Choose at least one.",
            ),
        ] {
            let fields = ["email", "defaultPermissions"];
            let (_, problems) = problem_by_field(&Error::invalid_request(message), &fields);
            assert_eq!(problems[0].message.as_str(), said);
        }
        let (notice, problems) =
            problem_by_field(&Error::invalid_request("`emails` must be."), &fields);
        assert!(notice.is_some() && problems.is_empty());
    }
}
