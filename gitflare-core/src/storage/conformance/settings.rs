//! What is promised of settings.

use super::prelude::*;

/// Of two admins who change the same version, one is told to look again.
pub async fn firewall_settings_change_one_version_at_a_time(storage: &dyn Storage) {
    let settings = |version| FirewallSettings {
        enabled: false,
        blocked_file_patterns: vec![format!("v{version}"), "\"quoted\"".into()],
        version,
        updated_at: Some(NOW),
        updated_by: Some("admin".into()),
    };
    let store = storage.settings();
    assert_eq!(store.firewall().await.unwrap(), None);
    assert!(!store.set_firewall(&settings(3), entry(1)).await.unwrap());
    assert!(store.set_firewall(&settings(2), entry(2)).await.unwrap());
    assert!(!store.set_firewall(&settings(2), entry(3)).await.unwrap());
    assert!(store.set_firewall(&settings(3), entry(4)).await.unwrap());
    assert_eq!(store.firewall().await.unwrap(), Some(settings(3)));
    assert_eq!(audit_rows(storage).await, 2);
}

/// A key's check value is never replaced: that would hide a wrong key.
pub async fn a_key_keeps_its_first_check(storage: &dyn Storage) {
    let check = |key_id, byte| KeyCheck {
        key_id,
        value: [byte; 32],
    };
    let store = storage.settings();
    for each in [check(1, 1), check(2, 2), check(1, 3)] {
        store.insert_key_check(each).await.unwrap();
    }
    assert_eq!(
        store.key_checks().await.unwrap(),
        [check(1, 1), check(2, 2)]
    );
    store.keep_key_check(2).await.unwrap();
    assert_eq!(store.key_checks().await.unwrap(), [check(2, 2)]);
}

/// By the last use a clock that is wrong is told from one that is right: a storage tells of it, or of
/// nothing.
pub async fn the_last_use_is_what_was_noted(storage: &dyn Storage) {
    let store = storage.settings();
    let (earlier, later) = (NOW, NOW.after(std::time::Duration::from_secs(60)));
    for noted in [None, Some(later), Some(earlier), Some(later)] {
        if let Some(at) = noted {
            store.note_used(at).await.unwrap();
        }
        let told = store.last_used().await.unwrap();
        assert!(told.is_none() || told == noted, "{told:?} of {noted:?}");
    }
}
