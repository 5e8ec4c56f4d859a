//! A server at whose GitLab accounts can be linked, with its clock in the test's hand.

use std::sync::Arc;

use gitflare_core::{
    FixedClock,
    gateway::{Gateway, GatewaySettings},
};
use serde_json::{Value, json};

use super::{
    Account, Client, Forge, Response, Server, ServerOptions, fixed_clock, parameter, text,
};
use crate::contract::accounts::{cookie, signed_up};

pub(crate) const OCTO: Account = Account {
    id: 77,
    login: "octo",
};

/// Settings under which a connection's id stands for a credential.
pub(crate) fn legacy_mode() -> GatewaySettings {
    let mut settings = GatewaySettings::default();
    settings.enforce_platform_auth = false;
    settings
}

pub(crate) fn options(forge: &Forge, clock: &Arc<FixedClock>) -> ServerOptions {
    ServerOptions {
        providers: vec![forge.provider()],
        clock: Some(Arc::clone(clock)),
        // Reads by a connection's id need no app and no grant.
        gateway: legacy_mode(),
        ..ServerOptions::default()
    }
}

/// A server at whose GitLab accounts can be linked.
pub(crate) struct LinkingFixture {
    pub(crate) forge: Forge,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) server: Server,
}

impl LinkingFixture {
    pub(crate) fn start() -> Self {
        let (forge, clock) = (Forge::start(), fixed_clock());
        let server = Server::with(options(&forge, &clock));
        Self {
            forge,
            clock,
            server,
        }
    }

    pub(crate) fn another_node(&self) -> Gateway {
        self.server.another_node(&options(&self.forge, &self.clock))
    }

    /// Somebody with a bearer session.
    pub(crate) fn person(&self, email: &str) -> Client {
        self.server
            .client()
            .with_bearer(&signed_up(&self.server, email).0)
    }

    /// Somebody with a session cookie, as a browser has it.
    pub(crate) fn browser(&self, email: &str) -> Client {
        let (token, _) = signed_up(&self.server, email);
        self.server
            .client()
            .with("cookie", &format!("__Host-gf_session={token}"))
    }

    /// Starts a flow whose answer redirects; the browser's cookie and where it goes.
    pub(crate) fn start_in(&self, client: &Client, query: &str) -> (String, String) {
        let started = client.get(&format!("/v1/auth/gitlab/start?{query}"));
        assert_eq!(
            started.status,
            303,
            "{}",
            String::from_utf8_lossy(&started.body)
        );
        let location = started.header("location").unwrap().to_owned();
        (cookie(&started), location)
    }

    /// The provider sends a browser back.
    pub(crate) fn back(
        &self,
        client: &Client,
        authorization_url: &str,
        account: &Account,
    ) -> Response {
        let code = self.forge.approve(authorization_url, account);
        client.get(&callback(authorization_url, &code))
    }

    /// A connection to an account, linked by the API.
    pub(crate) fn linked(&self, person: &Client, account: &Account) -> Value {
        let url = api_start(person);
        let returned = self.back(&self.server.client(), &url, account).ok();
        let claimed = person.post("/v1/auth/complete", &claim(&returned));
        assert_eq!(claimed.status, 201, "{}", claimed.json());
        claimed.json()["connection"].clone()
    }

    pub(crate) fn status_of(&self, connection: &Value) -> String {
        let path = format!("/v1/connections/{}", text(&connection["id"]));
        text(&self.server.admin().get(&path).ok()["connection"]["status"])
    }

    pub(crate) fn read(&self, connection: &Value) -> Response {
        let reader = self
            .server
            .client()
            .with("x-connection-id", &text(&connection["id"]));
        reader.get("/v1/me")
    }
}

pub(crate) fn api_start(client: &Client) -> String {
    text(&client.get("/v1/auth/gitlab/start").ok()["authorizationUrl"])
}

pub(crate) fn callback(authorization_url: &str, code: &str) -> String {
    let state = parameter(authorization_url, "state");
    format!("/v1/auth/gitlab/callback?code={code}&state={state}")
}

pub(crate) fn claim(returned: &Value) -> Value {
    json!({"flowId": returned["flowId"], "completionCode": returned["completionCode"]})
}
