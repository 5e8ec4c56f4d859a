//! Cookies: their names, the attributes that each kind is set with, and how one is found in a
//! request (SE-3). The meaning of a cookie's text is [`super::session`]'s.

use std::time::Duration;

use gitflare_core::Error;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{refusal::Refusal, settings::ServiceSettings};

/// The kinds of cookie that are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A signed-in person's session.
    Session,
    /// A customer's sessions on hosted pages, which apps frame.
    Embed,
    /// The browser that started linking an account.
    Flow,
    /// The visitor of the test app.
    Testapp,
}

impl Cookie {
    /// The name; plain http, which only development mode has, knows no prefix.
    pub(super) fn name(self, settings: &ServiceSettings) -> &'static str {
        match (self, is_plain(settings)) {
            (Self::Session, false) => "__Host-gf_session",
            (Self::Embed, false) => "__Host-gf_embed",
            (Self::Flow, false) => "__Host-gf_flow",
            (Self::Testapp, false) => "__Host-gf_testapp",
            (Self::Session, true) => "gf_session",
            (Self::Embed, true) => "gf_embed",
            (Self::Flow, true) => "gf_flow",
            (Self::Testapp, true) => "gf_testapp",
        }
    }

    /// The text of the request's cookie of this kind. One that is sent twice is none: who knows
    /// which of the two is ours.
    pub(super) fn find<'h>(
        self,
        headers: &'h HeaderMap,
        settings: &ServiceSettings,
    ) -> Option<&'h str> {
        let name = self.name(settings);
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The header that sets the cookie.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` for a text that no cookie can hold; ours are letters, digits and `_.`.
    pub(super) fn set(
        self,
        text: &str,
        lifetime: Duration,
        settings: &ServiceSettings,
    ) -> Result<(HeaderName, HeaderValue), Refusal> {
        let attributes = match (self, is_plain(settings)) {
            (Self::Embed, false) => "; Secure; SameSite=None; Partitioned",
            (_, false) => "; Secure; SameSite=Lax",
            (_, true) => "; SameSite=Lax",
        };
        let name = self.name(settings);
        let seconds = lifetime.as_secs();
        let text = format!("{name}={text}; Path=/; Max-Age={seconds}; HttpOnly{attributes}");
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::internal("a cookie's text cannot be a header"))?;
        value.set_sensitive(true);
        Ok((header::SET_COOKIE, value))
    }

    /// The header that clears the cookie.
    pub(super) fn clear(
        self,
        settings: &ServiceSettings,
    ) -> Result<(HeaderName, HeaderValue), Refusal> {
        self.set("", Duration::ZERO, settings)
    }
}

/// Whether browsers come over plain http, which only development mode allows for.
fn is_plain(settings: &ServiceSettings) -> bool {
    settings.dev && settings.panel_url.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(dev: bool, panel_url: &str) -> ServiceSettings {
        ServiceSettings {
            dev,
            ..ServiceSettings::new("https://api.example", panel_url)
        }
    }

    fn set(cookie: Cookie, settings: &ServiceSettings) -> String {
        let (_, value) = cookie
            .set("x_1", Duration::from_secs(60), settings)
            .unwrap();
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn each_kind_of_cookie_has_its_own_attributes() {
        // sec: SE-3
        let https = settings(false, "https://panel.example");
        let lax = "; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax";
        for (cookie, expected) in [
            (Cookie::Session, format!("__Host-gf_session=x_1{lax}")),
            (Cookie::Flow, format!("__Host-gf_flow=x_1{lax}")),
            (Cookie::Testapp, format!("__Host-gf_testapp=x_1{lax}")),
            (
                Cookie::Embed,
                "__Host-gf_embed=x_1; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=None; \
                 Partitioned"
                    .to_owned(),
            ),
        ] {
            assert_eq!(set(cookie, &https), expected);
        }
    }

    #[test]
    fn plain_names_exist_in_development_mode_alone() {
        // sec: SE-3
        for (dev, panel_url, name) in [
            (true, "http://127.0.0.1:8080", "gf_session"),
            (true, "https://panel.example", "__Host-gf_session"),
            (false, "http://127.0.0.1:8080", "__Host-gf_session"),
        ] {
            let settings = settings(dev, panel_url);
            assert_eq!(Cookie::Session.name(&settings), name);
            assert_eq!(
                set(Cookie::Session, &settings).contains("Secure"),
                name.starts_with("__Host-")
            );
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_once() {
        let settings = settings(false, "https://panel.example");
        for (sent, expected) in [
            (vec!["__Host-gf_session=a"], Some("a")),
            (vec!["x=y; __Host-gf_session=a; z=1"], Some("a")),
            (vec!["x=y", "__Host-gf_session=a"], Some("a")),
            (vec!["__Host-gf_session=a; __Host-gf_session=b"], None),
            (vec!["__Host-gf_session=a", "__Host-gf_session=a"], None),
            (vec!["gf_session=a"], None),
            (vec!["__Host-gf_session2=a"], None),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in &sent {
                headers.append(header::COOKIE, value.parse().unwrap());
            }
            assert_eq!(
                Cookie::Session.find(&headers, &settings),
                expected,
                "{sent:?}"
            );
        }
    }
}
