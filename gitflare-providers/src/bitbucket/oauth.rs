//! Linking accounts at Bitbucket: consumers, whose access tokens live an hour or two, and whose refresh
//! tokens change with every use. There is no revocation; people remove an app in their settings.
//! <https://developer.atlassian.com/cloud/bitbucket/oauth-2/>

use gitflare_core::{Scope, provider::ProviderId};

use super::client::REQUEST_ID;
use crate::oauth::{ClientAuthentication, Flow, Need, Revocation, web_url};

pub(super) const FLOW: Flow = Flow {
    provider: ProviderId::BITBUCKET,
    web_url: |api_url| {
        let url = web_url(api_url, "/2.0")?;
        // The API of the cloud has a host of its own.
        Ok(match &*url {
            "https://api.bitbucket.org" => "https://bitbucket.org".to_owned(),
            _ => url,
        })
    },
    authorize: "/site/oauth2/authorize",
    authorize_query: &[],
    token: "/site/oauth2/access_token",
    client_authentication: ClientAuthentication::Basic,
    // `pullrequest` also lets comment and `webhook` makes hooks: there is nothing narrower.
    // <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#bitbucket-oauth-2-0-scopes>
    scopes: &[
        (Need::Profile, "account"),
        (Need::Repositories, "repository"),
        (Need::Events, "repository"),
        (
            // Commits of pull requests are among the commits. A hook needs to read what it tells of.
            Need::OneOf(&[
                Scope::ReadCommits,
                Scope::ReadPullRequests,
                Scope::ReadDiffs,
                Scope::ReadReviews,
                Scope::EventsSubscribe,
            ]),
            "pullrequest",
        ),
        (Need::OneOf(&[Scope::ReadDeployments]), "pipeline"),
        (Need::Events, "webhook"),
    ],
    beyond_reading: &[
        ("pullrequest", "commenting on pull requests"),
        ("webhook", "making webhooks"),
    ],
    refresh_repeats_redirect_uri: false,
    revocation: Revocation::Unsupported,
    request_id: REQUEST_ID,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_and_the_commits_of_a_pull_request_need_to_read_it() {
        for (scope, words) in [
            (Scope::ReadProfile, "account"),
            (Scope::ReadTags, "account repository"),
            (Scope::ReadCommits, "account repository pullrequest"),
            (
                Scope::EventsSubscribe,
                "account repository pullrequest webhook",
            ),
        ] {
            let asked = FLOW.words([scope].into_iter().collect());
            assert_eq!(asked.join(" "), words, "{scope:?}");
        }
    }

    #[test]
    fn the_pages_of_the_cloud_are_not_on_the_host_of_its_api() {
        let pages = |api_url| (FLOW.web_url)(api_url).unwrap();
        assert_eq!(
            pages("https://api.bitbucket.org/2.0"),
            "https://bitbucket.org"
        );
        assert_eq!(pages("http://127.0.0.1:9/2.0"), "http://127.0.0.1:9");
    }
}
