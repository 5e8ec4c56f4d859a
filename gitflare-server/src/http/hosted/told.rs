//! Parts of what an app tells of itself, as several pages show them.

use gitflare_core::{ClientId, Scope, storage::AppProfile};

use super::super::pages::text::SafeText;

/// Where an app's logo is; `None` without one.
pub(super) fn logo_path(client: &ClientId, profile: &AppProfile) -> Option<String> {
    let logo = profile.logo.as_ref();
    logo.map(|_| format!("/app/logos/{client}"))
}

/// The words of an app for a permission.
pub(super) fn because(profile: &AppProfile, scope: Scope) -> Option<SafeText> {
    profile.purposes.get(&scope).map(|text| SafeText::new(text))
}
