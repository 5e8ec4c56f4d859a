//! How a linked account lives on: refreshes, revocation at the provider, accounts that are given up.

use std::time::Duration;

use gitflare_core::{
    Clock, ConnectionId,
    storage::{CleanupKind, SealedTokens},
};

use crate::contract::support::{
    block_on,
    linking::{LinkingFixture, OCTO, api_start},
    text,
};

#[test]
fn a_hundred_reads_at_the_end_of_a_token_refresh_it_once() {
    // sec: PC-9
    let fixture = LinkingFixture::start();
    let connection = fixture.linked(&fixture.person("ada@mail.example"), &OCTO);
    fixture.clock.advance_millis(7_200_000);
    fixture.forge.expire_tokens();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| fixture.read(&connection).status))
            .collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 200);
        }
    });
    assert_eq!(fixture.forge.asked("refresh_token"), 1);
}

#[test]
fn a_token_that_ends_early_is_refreshed_within_the_read() {
    // sec: PC-9
    let fixture = LinkingFixture::start();
    let connection = fixture.linked(&fixture.person("ada@mail.example"), &OCTO);
    fixture.forge.expire_tokens();
    fixture.read(&connection).ok();
    assert_eq!(fixture.forge.asked("refresh_token"), 1);
    fixture.read(&connection).ok();
    assert_eq!(fixture.forge.asked("refresh_token"), 1);
}

#[test]
fn a_refused_refresh_waits_for_its_owner_and_an_absent_provider_does_not() {
    // sec: PC-9
    let fixture = LinkingFixture::start();
    let ada = fixture.person("ada@mail.example");
    let connection = fixture.linked(&ada, &OCTO);
    fixture.clock.advance_millis(7_200_000);
    fixture.forge.go_away(true);
    let refused = fixture.read(&connection);
    assert_eq!(refused.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert_eq!(fixture.status_of(&connection), "active");
    fixture.forge.go_away(false);
    fixture.read(&connection).ok();

    fixture.clock.advance_millis(7_200_000);
    fixture.forge.refuse_refresh(true);
    let asked = fixture.forge.asked("refresh_token");
    for _ in 0..2 {
        let refused = fixture.read(&connection);
        assert_eq!(refused.refusal(), (401, "AUTH_EXPIRED".into()));
        assert!(
            refused.message().contains("reconnect"),
            "{}",
            refused.message()
        );
    }
    assert_eq!(fixture.forge.asked("refresh_token"), asked + 1);
    assert_eq!(fixture.status_of(&connection), "needs_reconnect");

    fixture.forge.refuse_refresh(false);
    let again = fixture.linked(&ada, &OCTO);
    assert_eq!(again["id"], connection["id"]);
    assert_eq!(fixture.status_of(&connection), "active");
    fixture.read(&connection).ok();
}

#[test]
fn a_disconnected_account_ends_at_its_provider_however_long_that_is_away() {
    // sec: CA-2 CA-3
    let fixture = LinkingFixture::start();
    let connection = fixture.linked(&fixture.person("ada@mail.example"), &OCTO);
    fixture.forge.go_away(true);
    let path = format!("/v1/connections/{}", text(&connection["id"]));
    assert_eq!(fixture.server.admin().delete(&path).status, 204);
    let id = ConnectionId::parse(&text(&connection["id"])).unwrap();
    let storage = &fixture.server.storage;
    let stored = || {
        block_on(storage.connections().find_with_tokens(&id))
            .unwrap()
            .unwrap()
    };
    let queued = || {
        block_on(
            storage
                .cleanup()
                .find(CleanupKind::RevokeTokens, id.as_str()),
        )
        .unwrap()
    };
    let check_gone = || {
        assert_eq!(stored().1, SealedTokens::default());
        assert_eq!(fixture.read(&connection).status, 403);
    };
    check_gone();
    // The queue is worked off by whichever node comes first, and outlives each.
    for attempt in 1..=3 {
        let node = fixture.another_node();
        assert_eq!(block_on(node.clean_up()).unwrap(), 1, "{attempt}");
        assert_eq!(block_on(node.clean_up()).unwrap(), 0, "before its time");
        assert_eq!(queued().unwrap().attempts, attempt);
        check_gone();
        fixture.clock.advance_millis(37_500 << (attempt - 1));
    }
    fixture.forge.go_away(false);
    assert_eq!(fixture.forge.good_tokens(), 2);
    assert_eq!(block_on(fixture.another_node().clean_up()).unwrap(), 1);
    assert_eq!(fixture.forge.good_tokens(), 0);
    assert_eq!(queued(), None);
    check_gone();
}

#[test]
fn an_account_that_nobody_claims_ends_at_its_provider() {
    // sec: PC-2 CA-2
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
    let url = api_start(&client);
    fixture.back(&client, &url, &OCTO).ok();
    fixture.clock.advance_millis(600_001);
    let node = fixture.another_node();
    assert_eq!(block_on(node.purge_links()).unwrap(), 1);
    assert_eq!(block_on(node.clean_up()).unwrap(), 1);
    assert_eq!(fixture.forge.good_tokens(), 0);
}

#[test]
fn two_nodes_refresh_a_token_once() {
    // sec: PC-9
    let fixture = LinkingFixture::start();
    let connection = fixture.linked(&fixture.person("ada@mail.example"), &OCTO);
    fixture.clock.advance_millis(7_200_000);
    fixture.forge.expire_tokens();
    let id = ConnectionId::parse(&text(&connection["id"])).unwrap();
    let connections = fixture.server.storage.connections();
    let now = fixture.clock.now();
    // The other node has started the refresh, and is slow.
    let until = now.after(Duration::from_secs(60));
    assert!(block_on(connections.begin_refresh(&id, 0, now, until)).unwrap());
    let waits = fixture.read(&connection);
    assert_eq!(waits.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert_eq!(fixture.forge.asked("refresh_token"), 0);
    // It has died: its lease ends.
    fixture.clock.advance_millis(60_000);
    fixture.read(&connection).ok();
    assert_eq!(fixture.forge.asked("refresh_token"), 1);
}

#[test]
fn a_token_that_was_rotated_but_never_stored_asks_for_its_owner() {
    // sec: PC-9
    let fixture = LinkingFixture::start();
    let connection = fixture.linked(&fixture.person("ada@mail.example"), &OCTO);
    fixture.clock.advance_millis(7_200_000);
    // What a process leaves that dies between the provider's reply and the write.
    fixture.forge.rotate_for_nobody();
    for _ in 0..3 {
        let refused = fixture.read(&connection);
        assert_eq!(refused.refusal(), (401, "AUTH_EXPIRED".into()));
    }
    assert_eq!(fixture.forge.asked("refresh_token"), 1);
    assert_eq!(fixture.status_of(&connection), "needs_reconnect");
}

#[test]
fn an_account_that_the_provider_does_not_name_is_given_up() {
    // sec: CA-2
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
    fixture.forge.hide_accounts(true);
    let refused = fixture.back(&client, &api_start(&client), &OCTO);
    assert_eq!(refused.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert_eq!(fixture.forge.good_tokens(), 2);
    assert_eq!(block_on(fixture.another_node().clean_up()).unwrap(), 1);
    assert_eq!(fixture.forge.good_tokens(), 0);
}
