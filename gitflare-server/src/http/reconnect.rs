//! The address by which a customer comes back to their management page: signed, so that it opens in
//! any browser. Signing is the core's.

use gitflare_core::gateway::SignedCustomer;
use url::form_urlencoded;

/// The signed link to the management page of a client's customer.
pub(super) fn link(panel_url: &str, client_id: &str, signed: &SignedCustomer) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("customer_ref", &signed.customer_ref)
        .append_pair("customer_exp", &signed.expires_at.as_seconds().to_string())
        .append_pair("customer_nonce", &signed.nonce)
        .append_pair("customer_sig", &signed.signature)
        .finish();
    format!("{panel_url}/app/company/apps/{client_id}?{query}")
}
