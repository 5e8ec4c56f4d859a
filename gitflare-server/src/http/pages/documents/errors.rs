//! The page of the errors: what stands in the core's table, and for people what the table leaves
//! out: where it comes from, how it reads, what the app and what a person does about it.

use std::fmt::Write;

use gitflare_core::{CODES, Code};

pub(super) const TITLE: &str = "Errors";

/// What is known of a code beyond the core's table.
struct Words {
    code: Code,
    cause: &'static str,
    example: &'static str,
    app: &'static str,
    person: &'static str,
}

const fn words(
    code: Code,
    cause: &'static str,
    example: &'static str,
    app: &'static str,
    person: &'static str,
) -> Words {
    Words {
        code,
        cause,
        example,
        app,
        person,
    }
}

#[rustfmt::skip]
const WORDS: &[Words] = &[
    words(Code::InvalidRequest, "A parameter or member is missing, sent twice, or of another form than the reference says; a header or a method that the route does not have. The message names it.",
        "`branch` must be sent once.", "Does not repeat it. Log the message.", "A developer corrects the request."),
    words(Code::InvalidLimit, "`limit` is not a whole number from 1 to 100; or with `source: provider`, a page is larger than the gateway reads.",
        "`limit` must be an integer from 1 to 100.", "Sends another limit, and begins with the first page.", "A developer corrects the number."),
    words(Code::InvalidCursor, "The cursor was changed, or sent with another route, filter, limit or customer than it was issued for.",
        "The cursor does not belong to this request.", "Begins with the first page.", "Nothing, unless it comes again: then the app mixes up cursors."),
    words(Code::CursorExpired, "The cursor is older than an hour.",
        "The cursor has expired; begin with the first page.", "Begins with the first page and stops at the first row that it knows. See Sync.", "Nothing."),
    words(Code::PaginationNotSupported, "`page`, `per_page`, `pagelen` or `offset` on a list that has cursors; or a cursor on a list over all providers.",
        "Use `cursor` instead of `page`.", "Follows `page_info.next_cursor`, per provider.", "A developer changes the paging."),
    words(Code::AuthRequired, "No credential was sent, or not as `Authorization: Bearer`.",
        "Send an access token.", "Sends its token.", "A developer finds out why it was left out."),
    words(Code::AuthExpired, "The token's time is over, or the customer or operator ended it. With `source: provider`, the provider ended the account's connection.",
        "The access token has expired.", "Issues the next token by `client_credentials`, once; when that fails too, shows the consent link.", "The customer, if access was ended: they decide whether to approve again."),
    words(Code::InvalidCredentials, "The token, client secret, admin key or password is none of ours; a hook's signature is wrong; or the provider refused a token that was given by hand.",
        "The access token is not known.", "Stops. Trying again is counted against it.", "A developer compares the secret with the dashboard's."),
    words(Code::InsufficientScope, "The route needs a permission that the app did not ask for or the customer did not give.",
        "The token lacks `read:diffs`.", "Does without, or shows the consent link with that scope.", "The customer approves more, or does not."),
    words(Code::ProviderAccountNotConnected, "The customer has disconnected that account, or it has to be connected again.",
        "No active github account is bound to this token.", "Shows the reconnect link.", "The customer connects the account again."),
    words(Code::AccessBlockedByPolicy, "The firewall blocks this path; or the provider's single sign-on, address list or a legal block stands in between; or a form came from another site.",
        "The path is blocked by the firewall.", "Leaves it out.", "Whoever runs the organization (or this server) decides."),
    words(Code::RepositoryNotApproved, "The customer has not approved this repository. It is said without asking the provider, so it does not tell whether the repository exists.",
        "The repository is not approved for this app.", "Leaves it out, or shows the consent link.", "The customer adds it on the management page."),
    words(Code::ApprovalRequired, "The app has no approval of this customer, or it has ended. While an account is connected: the provider wants an administrator's consent first.",
        "The customer has not approved this app.", "Shows the consent link.", "The customer approves; an administrator at the provider, where the message says so."),
    words(Code::ApprovalPending, "The approval was begun and not finished.",
        "The customer's approval is pending.", "Waits, and shows the consent link.", "The customer finishes it."),
    words(Code::ResourceNotFound, "The branch, commit, pull request, path or id is not there; or there is no such route.",
        "There is no such branch.", "Leaves the row out.", "Nothing, unless the name was typed."),
    words(Code::RepositoryNotFound, "An approved repository is gone at the provider, or the account no longer sees it.",
        "The repository was not found on the provider.", "Marks it as gone; reads it again on another day.", "The customer, if it should be there: the account lost its access."),
    words(Code::InstallationNotFound, "The GitHub App was taken out of the organization, or the workspace is gone.",
        "The provider's installation is missing.", "Stops reading through that account.", "The customer installs the App again."),
    words(Code::RateLimited, "Too many requests: `source` tells whether this gateway's limit was reached or the provider's.",
        "The provider limits requests; try again in 30 seconds.", "Waits `retry_after_seconds`, then repeats the same request.", "Nothing."),
    words(Code::UpstreamTimeout, "The provider did not answer in time.",
        "The provider did not answer in time.", "Repeats it after some seconds, at most five times.", "Nothing, unless it lasts: see the provider's status page."),
    words(Code::UpstreamUnavailable, "The provider cannot be reached, or answers what is no answer. With `source: gitflare`: the gateway's database is away, full or busy.",
        "The provider is temporarily unavailable.", "Repeats it after some seconds, at most five times.", "Nothing, unless it lasts: see the provider's status page."),
    words(Code::UnsupportedProvider, "The provider's id is not one of this server, or it is switched off here.",
        "The provider `svnhub` is not enabled.", "Does not repeat it. `GET /v1/providers` lists those of this server.", "The operator enables it."),
    words(Code::UnsupportedEndpoint, "The provider has nothing of that kind, and was not asked; or its answer, which is no list, is larger than the gateway reads: then the message says what to read instead.",
        "The provider `local` has no pull requests.", "Leaves it out. `GET /v1/platform/capabilities` tells beforehand.", "Nothing."),
    words(Code::InternalError, "A fault of this server. What it was stands in its log under the request's id, never in the answer.",
        "An unexpected failure on our side.", "Does not repeat it at once. Log `request_id`.", "Send `request_id` to whoever runs this server."),
];

/// The page.
pub(super) fn markdown() -> String {
    let mut text = format!("# {TITLE}\n\n");
    text.push_str(
        "Every JSON error has one shape; its `code` is one of these. The anchor of each section is \
         the code: `/docs/errors#CURSOR_EXPIRED`. The messages here are examples: decide by the code.\n\n\
         `/oauth/token`, `/oauth/revoke` and `/oauth/introspect` answer a form, and `/oauth/register` what a client says of itself, in the shape \
         of OAuth (RFC 6749, section 5.2), so that any OAuth client reads it: `error` is a word such as `invalid_grant`, \
         `error_description` the message. The same error in the one shape stands beside it as `gitflare_error`, with \
         `code`, `suggested_action` and `request_id`: decide by its `code`; the status is 400 where the code alone would be 403. A JSON body to the \
         first three is answered in the one shape.\n\n\
         ```json\n\
         {\"error\": \"invalid_grant\", \"error_description\": \"...\", \"gitflare_error\": {\"code\": \"INVALID_REQUEST\", \"...\": \"...\"}}\n\
         ```\n",
    );
    for row in CODES {
        let name = row.name;
        let _ = write!(
            text,
            "\n## `{name}`\n\n{} HTTP {}, suggested action `{}`, {}.\n",
            row.meaning,
            row.status,
            row.suggested_action,
            if row.retryable {
                "may be retried"
            } else {
                "not to be retried as it is"
            },
        );
        if let Some(words) = WORDS.iter().find(|words| words.code == row.code) {
            let Words {
                cause,
                example,
                app,
                person,
                ..
            } = words;
            let _ = write!(
                text,
                "\n- **Cause.** {cause}\n- **Example.** {example}\n- **The app.** {app}\n- **A person.** {person}\n"
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_words_in_the_table_s_order() {
        let codes = CODES.iter().map(|row| row.code);
        assert!(WORDS.iter().map(|words| words.code).eq(codes));
    }
}
