//! The account behind a connection to local repositories: what the operator configured. The
//! operating system's user and host name stay unknown to clients.

use gitflare_core::{
    model::Viewer,
    provider::{Call, ProviderId},
};

use super::LocalConfig;

pub(super) fn viewer(config: &LocalConfig, call: &Call) -> Viewer {
    Viewer {
        provider: ProviderId::LOCAL,
        connection_id: call.connection_id.clone(),
        id: config.viewer_id.clone(),
        login: Some(config.viewer_login.clone()),
        name: Some(config.viewer_name.clone()),
        email: None,
        avatar_url: None,
        web_url: None,
    }
}
