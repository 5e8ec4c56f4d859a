//! What browsers do on hosted pages: signing in and up, developer apps as forms, consent and its
//! management. Each handler takes its form, makes one gateway call and shows a page or leads on;
//! what pages look like is `pages`' business.

pub(super) mod apps;
pub(super) mod assets;
pub(super) mod authorize;
pub(super) mod calls;
pub(super) mod company;
mod consent;
pub(super) mod customer_events;
pub(super) mod customer_records;
pub(super) mod customers;
pub(super) mod dashboard;
pub(super) mod explain;
pub(super) mod forgotten;
pub(super) mod own_account;
pub(super) mod profiles;
mod public_clients;
pub(super) mod sign_in;
pub(super) mod site;
mod told;
mod tried;
