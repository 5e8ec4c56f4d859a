//! What every storage backend promises, as functions that panic where a promise is broken. Run
//! [`run_all`] with a factory of empty storages; memory, SQLite and a stranger's backend pass the
//! same suite. It needs no clock and no network, only whatever runtime the backend needs.
//!
//! To add a promise: write the function in the file of its trait and name it in the table below.

use std::{future::Future, pin::Pin, sync::Arc};

use super::Storage;

mod fixture;

/// Imports and samples that the files of the suite share.
mod prelude {
    pub(super) use super::fixture::*;
    pub(super) use crate::{
        AuditId, AuthorizationId, ClientId, Code, ConnectionId, CredentialHash, EventId, FlowId,
        GrantId, LogId, RequestId, Scope, Scopes, SecretId, SessionId, SubscriptionId, TenantId,
        Timestamp, TokenId, UserId, provider::ProviderId, storage::*,
    };
}

/// A promise, run over an empty storage.
pub type Check = for<'a> fn(&'a dyn Storage) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

macro_rules! promises {
    ($($module:ident { $($promise:ident)* })*) => {
        $(
            #[expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]
            mod $module;
            pub use $module::{$($promise),*};
        )*

        /// Every promise, by name.
        pub const CHECKS: &[(&str, Check)] = &[
            $($((stringify!($promise), |storage| Box::pin($module::$promise(storage))),)*)*
        ];
    };
}

promises! {
    tenants {
        tenants_are_listed_by_id
        a_customer_is_one_tenant_per_client
        customers_are_found_by_how_they_begin
        a_customer_that_two_callers_make_is_one_tenant
        a_deleted_tenant_takes_all_that_stands_on_it_along
        what_a_person_leaves_behind_ends_when_nobody_sees_it
        the_customers_of_a_deleted_client_end_a_few_at_a_time
    }
    users {
        an_address_belongs_to_one_person
        an_address_that_two_callers_take_goes_to_one
        a_person_can_join_a_tenant_once
        a_new_password_ends_all_sessions
        a_new_password_ends_what_agents_may_read
        a_rehash_never_undoes_a_change
        deleting_a_person_ends_what_was_theirs_alone
        deleting_a_person_ends_what_they_let_agents_read
    }
    sessions {
        a_session_ends_by_age_or_idleness
        an_ended_session_is_gone
        a_renewed_session_is_found_by_its_new_text_alone
        sessions_of_a_person_end_together
        dead_sessions_are_purged
        a_workspace_that_holds_nothing_goes_with_its_last_session
    }
    clients {
        a_client_comes_back_as_it_was
        a_client_has_two_secrets_at_most
        clients_of_a_tenant_are_bounded
        what_a_client_tells_of_itself_goes_with_it
        a_second_secret_that_two_callers_add_is_one
        deleting_a_client_ends_all_under_it
        a_public_client_is_registered_as_often_as_it_asks
        a_public_client_that_nobody_uses_is_forgotten
    }
    connections {
        a_connection_comes_back_as_it_was
        revoking_a_connection_erases_its_tokens
        an_account_is_linked_once_per_tenant
        one_refresher_replaces_the_tokens
        refused_tokens_mark_their_connection
    }
    authorizations {
        one_active_grant_per_connection
        a_grant_that_two_callers_make_is_one
        a_grant_needs_a_live_client_and_a_connection_of_the_tenant
        a_grant_activates_a_pending_authorization
        grants_are_listed_by_what_they_join
        revoking_an_authorization_ends_its_tokens
    }
    requests {
        a_request_is_decided_once
        a_request_that_many_callers_approve_issues_one_code
        what_is_shared_replaces_what_was
        a_request_ends_with_what_it_stands_on
        old_requests_are_purged
    }
    proofs {
        a_proof_goes_with_its_session
        a_nonce_is_taken_once
    }
    codes {
        a_code_buys_one_token
        a_code_that_many_callers_redeem_buys_one_token
        a_code_in_the_wrong_hands_is_spent
        a_code_dies_with_its_time_or_its_authorization
        a_redirect_uri_takes_its_codes_along
        old_codes_are_purged
    }
    tokens {
        access_is_all_that_decides
        an_id_goes_before_a_name
        tokens_are_listed_by_what_they_stand_on
        expired_tokens_are_purged
    }
    refresh_tokens {
        a_refresh_token_is_good_once
        a_refresh_token_that_many_callers_use_is_good_once
        a_refresh_token_in_the_wrong_hands_ends_its_family
        a_family_ends_with_what_it_stands_on
        a_replayed_code_ends_its_family
        ended_families_are_purged
    }
    deliveries {
        events_of_a_subscription_go_one_at_a_time
        an_overtaken_event_leaves_the_line
        a_late_retry_holds_its_line_for_a_bounded_time
        no_more_is_begun_than_there_is_capacity_for
        a_client_that_fails_is_tried_with_one_event
        an_event_is_replayed_beside_the_line
        nothing_is_delivered_under_an_ended_subscription
    }
    subscriptions {
        a_subscription_is_seen_by_its_tenant_alone
        a_subscription_ends_with_what_it_stands_on
        a_subscription_ends_when_its_grant_is_narrowed
        subscriptions_on_a_repository_are_bounded
        the_hook_of_an_ended_subscription_is_queued_for_removal
        a_subscription_is_changed_while_it_lives
        a_change_is_made_to_what_was_read
        subscriptions_are_listed_through_connections
    }
    links {
        a_state_is_spent_once
        an_account_is_claimed_once
        an_unclaimed_account_is_given_up
        a_posted_code_waits_for_its_browser
        strays_are_known_by_their_provider
    }
    cleanup {
        a_job_is_begun_by_one_worker_until_it_is_done
        a_queued_job_stays_as_it_is
        a_disconnected_account_queues_its_tokens
    }
    sealed {
        values_of_other_keys_are_replaced
    }
    settings {
        firewall_settings_change_one_version_at_a_time
        a_key_keeps_its_first_check
        the_last_use_is_what_was_noted
    }
    audit {
        a_mutation_writes_one_audit_row_or_none
        every_mutation_is_audited
    }
    usage {
        usage_rows_are_counted_and_listed
        usage_rows_come_back_as_they_were
        no_usage_row_of_many_callers_is_lost
    }
}

/// Runs every promise over a storage of its own, and closes it.
///
/// # Panics
/// At the first promise that is broken; the place says which.
pub async fn run_all<F: Future<Output = Arc<dyn Storage>>>(fresh: impl Fn() -> F) {
    for (name, check) in CHECKS {
        let storage = fresh().await;
        assert!(storage.is_healthy().await, "{name}: a fresh storage is ill");
        check(&*storage).await;
        if let Err(error) = storage.close().await {
            panic!("{name}: the storage did not close: {error:?}");
        }
    }
}
