//! The checks of a read as a table: their order, the question of each, which operations it concerns,
//! and for each code that it refuses with, what was wrong and what mends it. `explain.rs` reads it.
//! Nothing is checked here: that is `checks.rs`, `parameters.rs` and `read.rs`, and the test of their
//! order (`tests/gateway/order.rs`) holds the table to them.

use crate::{Code, provider::Endpoint};

/// One check.
pub(super) struct Step {
    /// Its name in an explanation.
    pub(super) key: &'static str,
    /// What it asks.
    pub(super) asks: &'static str,
    /// Whether an operation has it.
    pub(super) concerns: fn(Endpoint) -> bool,
    /// Whether a provider has been called when it answers.
    pub(super) is_upstream: bool,
    /// What it refuses with.
    pub(super) refusals: &'static [StepRefusal],
}

/// One way in which a check refuses.
pub(super) struct StepRefusal {
    pub(super) code: Code,
    /// What was wrong.
    pub(super) reason: &'static str,
    /// What mends it.
    pub(super) fix: &'static str,
}

macro_rules! steps {
    ($($key:literal $asks:literal $concerns:ident $upstream:literal {
        $($code:ident: $reason:literal, $fix:literal;)*
    })*) => {
        /// Every check, in its order.
        pub(super) const STEPS: &[Step] = &[$(Step {
            key: $key,
            asks: $asks,
            concerns: $concerns,
            is_upstream: $upstream,
            refusals: &[$(StepRefusal {
                code: Code::$code,
                reason: $reason,
                fix: $fix,
            },)*],
        },)*];
    };
}

steps! {
    // Without a token of ours there is no row that could be explained.
    "credential" "Is the bearer text an access token of this gateway?" always false {}
    "rate-limit" "Do the token and its app stay within this gateway's rate limits?" always false {
        RateLimited: "The token or its app called more often than this gateway allows.",
            "Wait for the seconds of `Retry-After`, and spread the calls.";
    }
    "token" "Is the token alive?" always false {
        AuthExpired: "The token had expired, or had been revoked: by itself, with its app, or with the customer's approval.",
            "Get a new token: `POST /oauth/token` with `grant_type=client_credentials`. Where the approval has ended, the customer has to approve again.";
    }
    "provider" "Is the provider known and enabled here?" names_provider false {
        UnsupportedProvider: "This server has no provider of that id.",
            "Take an id of `GET /v1/providers`; the operator enables providers.";
    }
    "approval" "Has the customer approved the app?" always false {
        ApprovalRequired: "No customer had approved the app that the token was issued to.",
            "Send the customer to the app's connect link, then get a token for that customer.";
        ApprovalPending: "The customer had opened the consent page and not decided yet.",
            "Wait for the customer, or send them the connect link again.";
    }
    "scope" "Do token and approval have the scope that the operation needs?" always false {
        InsufficientScope: "The token, or the approval of these accounts, lacks the scope that the operation needs.",
            "Ask the customer for the scope with a new connect link, then get a new token.";
    }
    "connection" "Is an account of that provider connected and usable?" always false {
        ProviderAccountNotConnected: "No usable account of the provider, or not the one of `connectionId`, was bound to the token.",
            "The customer connects an account on the consent page; get a new token afterwards. Leave `connectionId` away to use any.";
        AuthExpired: "The provider no longer accepted the customer's account.",
            "Send the customer a reconnect link (the customer's page on the dashboard). The token stays the same.";
    }
    "policy" "May the path be listed, by the firewall's rules?" lists_path false {
        AccessBlockedByPolicy: "The firewall blocks that path.",
            "Ask for another path. The operator of this server decides about the firewall's rules.";
    }
    "repository" "Is the repository among the approved ones?" is_below_repository false {
        RepositoryNotApproved: "The customer had not approved the repository for this app, or there is none of that id or name.",
            "The customer adds it on the management page; `GET /v1/repositories` lists the approved ones.";
    }
    "capability" "Does the provider serve the operation?" names_provider false {
        UnsupportedEndpoint: "The provider has no such operation.",
            "Look at `GET /v1/platform/capabilities` before you call it.";
    }
    "parameters" "Are the parameters well formed?" always false {
        InvalidLimit: "`limit` was not an integer from 1 to 100.",
            "Send a `limit` in that range, or none.";
        PaginationNotSupported: "A page number was sent, or paging to an operation without pages.",
            "Follow `page_info.next_cursor` with `cursor`.";
        InvalidRequest: "A parameter was missing, unknown to the operation, or malformed. The answer's `message` named it.",
            "Compare the call with the operation's page in `/docs/api`.";
    }
    "file" "May the file be read, by the firewall's rules?" reads_file false {
        AccessBlockedByPolicy: "The firewall blocks that file.",
            "Ask for another file. The operator of this server decides about the firewall's rules.";
    }
    "cursor" "Does the cursor belong to this very question?" is_paged false {
        InvalidCursor: "The cursor was not made by this gateway for the same operation, filters and token.",
            "Begin again without `cursor`, with the filters unchanged from page to page.";
        CursorExpired: "The cursor was too old.",
            "Begin again without `cursor`.";
    }
    "upstream" "Did the provider answer?" always true {
        RateLimited: "The provider lets this account call no more for now.",
            "Wait for the seconds of `Retry-After`; read the account's data less often.";
        AuthExpired: "The provider no longer accepted the customer's account.",
            "Send the customer a reconnect link (the customer's page on the dashboard). The token stays the same.";
        InvalidCredentials: "The provider refused the account's token.",
            "Send the customer a reconnect link (the customer's page on the dashboard).";
        InsufficientScope: "The provider wants a right that the customer's account, or its connection, does not have.",
            "The customer connects the account again and grants what the provider's page asks for, or lets somebody with that right connect.";
        AccessBlockedByPolicy: "A rule of the organisation at the provider keeps the account out.",
            "An owner of that organisation allows it at the provider.";
        ResourceNotFound: "The provider has no such object, or does not show it to this account.",
            "Check the id; look whether the object still exists at the provider.";
        RepositoryNotFound: "The provider has no such repository any more, or does not show it to this account.",
            "Look whether the account still has access to it; the customer may have to choose again.";
        InstallationNotFound: "The installation, organisation or workspace is no longer there for this account.",
            "The customer installs or connects it again.";
        UnsupportedEndpoint: "The provider does not offer this for the repository or the account.",
            "Read it elsewhere, or do without; `GET /v1/platform/capabilities` tells what providers lack.";
        UpstreamTimeout: "The provider did not answer in time.",
            "Repeat the call after a while.";
        UpstreamUnavailable: "The provider failed, or answered what cannot be used.",
            "Repeat the call after a while; the provider's status page may tell more.";
        InvalidRequest: "The provider found the request wrong: a name, a state or a range that it does not have.",
            "The answer's `message` says which; compare the call with the operation's page in `/docs/api`.";
        InvalidLimit: "The provider does not serve so many, or so large, at once.",
            "Ask for less.";
        InvalidCursor: "The provider no longer knew the place that the cursor points to.",
            "Begin again without `cursor`.";
        CursorExpired: "The list had changed too much since the cursor was made.",
            "Begin again without `cursor`.";
        InternalError: "Something failed that should not, at the provider's answer.",
            "Give the request id to the operator: the server's log has the cause.";
    }
    "firewall" "Did the firewall judge everything that was read?" always true {
        InternalError: "The firewall could not judge the answer, so it was withheld.",
            "Give the request id to the operator: the server's log has the cause.";
    }
}

const fn always(_: Endpoint) -> bool {
    true
}

fn names_provider(endpoint: Endpoint) -> bool {
    endpoint != Endpoint::Profile
}

fn is_below_repository(endpoint: Endpoint) -> bool {
    !matches!(endpoint, Endpoint::Profile | Endpoint::Repositories)
}

fn lists_path(endpoint: Endpoint) -> bool {
    endpoint == Endpoint::FileTree
}

fn reads_file(endpoint: Endpoint) -> bool {
    endpoint == Endpoint::Contents
}

const fn is_paged(endpoint: Endpoint) -> bool {
    endpoint.is_paged()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CODES;

    #[test]
    fn every_code_that_leaves_a_row_is_explained() {
        for row in CODES {
            let explained = STEPS
                .iter()
                .flat_map(|step| step.refusals)
                .any(|refusal| refusal.code == row.code);
            // A call without a token of ours leaves no row.
            assert_eq!(explained, row.code != Code::AuthRequired, "{}", row.name);
        }
    }

    #[test]
    fn a_step_refuses_with_a_code_in_one_way() {
        for step in STEPS {
            let mut codes: Vec<_> = step.refusals.iter().map(|it| it.code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), step.refusals.len(), "{}", step.key);
        }
    }
}
