//! The 23 error codes of the contract as one table. Statuses, actions and retry advice are read
//! from here and nowhere else; call sites only choose the code.
//!
//! To add a code: add the variant and its row (same position), and the contract test names it.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($code:ident $name:literal $status:literal $retry:literal $user:literal $action:literal $meaning:literal;)*) => {
        /// What went wrong, closed to the codes of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        /// One row per code, in the contract's order.
        pub const CODES: &[CodeRow] = &[
            $(CodeRow {
                code: Code::$code,
                name: $name,
                status: $status,
                retryable: $retry,
                user_action_required: $user,
                suggested_action: $action,
                meaning: $meaning,
            },)*
        ];
    };
}

codes! {
    // code                     name                              http retry  user   suggested action         meaning
    InvalidRequest              "INVALID_REQUEST"                 400  false  true   "fix_request"            "Malformed or semantically invalid request payload or query.";
    InvalidLimit                "INVALID_LIMIT"                   400  false  true   "fix_request"            "`limit` is not an integer in range.";
    InvalidCursor               "INVALID_CURSOR"                  400  false  true   "restart_pagination"     "The cursor cannot be verified for this request.";
    CursorExpired               "CURSOR_EXPIRED"                  410  false  true   "restart_pagination"     "The cursor is authentic but too old.";
    PaginationNotSupported      "PAGINATION_NOT_SUPPORTED"        400  false  true   "fix_request"            "The request shape is incompatible with pagination.";
    AuthRequired                "AUTH_REQUIRED"                   401  false  true   "authenticate"           "No credential was presented.";
    AuthExpired                 "AUTH_EXPIRED"                    401  false  true   "reauthenticate"         "The credential has expired or was revoked.";
    InvalidCredentials          "INVALID_CREDENTIALS"             401  false  true   "check_credentials"      "The credential is not one of ours, or the provider refused it.";
    InsufficientScope           "INSUFFICIENT_SCOPE"              403  false  true   "request_scope"          "A required scope is missing.";
    ProviderAccountNotConnected "PROVIDER_ACCOUNT_NOT_CONNECTED"  403  false  true   "connect_account"        "No active account of the provider is bound to the token.";
    AccessBlockedByPolicy       "ACCESS_BLOCKED_BY_POLICY"        403  false  true   "contact_administrator"  "Policy disallows this provider or resource.";
    RepositoryNotApproved       "REPOSITORY_NOT_APPROVED"         403  false  true   "request_repository"     "The repository is outside the approved set.";
    ApprovalRequired            "APPROVAL_REQUIRED"               403  false  true   "request_approval"       "The token has no usable approval yet.";
    ApprovalPending             "APPROVAL_PENDING"                403  false  true   "wait_for_approval"      "The authorization exists but is not active yet.";
    ResourceNotFound            "RESOURCE_NOT_FOUND"              404  false  true   "check_identifier"       "The resource was not found upstream or here.";
    RepositoryNotFound          "REPOSITORY_NOT_FOUND"            404  false  true   "check_identifier"       "The repository was not found on the provider.";
    InstallationNotFound        "INSTALLATION_NOT_FOUND"          404  false  true   "check_installation"     "The provider's installation or workspace is missing.";
    RateLimited                 "RATE_LIMITED"                    429  true   false  "retry_later"            "Too many requests, upstream or here.";
    UpstreamTimeout             "UPSTREAM_TIMEOUT"                504  true   false  "retry_later"            "The provider did not answer in time.";
    UpstreamUnavailable         "UPSTREAM_UNAVAILABLE"            503  true   false  "retry_later"            "The provider is temporarily unavailable.";
    UnsupportedProvider         "UNSUPPORTED_PROVIDER"            400  false  true   "choose_provider"        "The provider is unknown or disabled.";
    UnsupportedEndpoint         "UNSUPPORTED_ENDPOINT"            501  false  true   "choose_endpoint"        "The provider does not support the endpoint.";
    InternalError               "INTERNAL_ERROR"                  500  false  false  "contact_support"        "An unexpected failure on our side.";
}

/// Everything that follows from a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeRow {
    /// The code that the row describes.
    pub code: Code,
    /// Its name on the wire, such as `INVALID_CURSOR`.
    pub name: &'static str,
    /// The HTTP status of an answer with it.
    pub status: u16,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Whether somebody has to do something first.
    pub user_action_required: bool,
    /// The one thing to do about it.
    pub suggested_action: &'static str,
    /// One sentence for documentation.
    pub meaning: &'static str,
}

impl Code {
    /// The code of that name; `None` when there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let row = CODES.iter().find(|row| row.name == name);
        row.map(|row| row.code)
    }

    /// The code's row. The table is in the order of the variants, so this is an index.
    #[must_use]
    pub fn row(self) -> &'static CodeRow {
        &CODES[self as usize]
    }

    /// The code's name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The code's HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().status
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The schema of `suggested_action`, which is a plain text in Rust.
#[cfg(feature = "schemars")]
pub(super) fn suggested_action(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let actions: std::collections::BTreeSet<_> =
        CODES.iter().map(|row| row.suggested_action).collect();
    crate::schema::one_of("The one thing to do about the error.", actions.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_row() {
        assert_eq!(CODES.len(), 23);
        for row in CODES {
            assert_eq!(row.code.row().name, row.name);
        }
    }

    #[test]
    fn only_the_three_passing_failures_are_retryable() {
        let retryable: Vec<_> = CODES
            .iter()
            .filter(|row| row.retryable)
            .map(|row| row.name)
            .collect();
        assert_eq!(
            retryable,
            ["RATE_LIMITED", "UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE"]
        );
    }
}
