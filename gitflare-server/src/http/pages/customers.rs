//! The pages of an app's customers, for its developer: the list and one of them.

use askama::Template;

use super::{
    View,
    account::{FieldProblem, problem},
    connect::Notice,
    policy::{Kind, Policy},
    shell::{Shell, Tab},
    text::SafeText,
};

/// A customer in short.
#[derive(Clone, Debug)]
pub(crate) struct CustomerRow {
    /// The id of the approval.
    pub(crate) id: String,
    pub(crate) name: SafeText,
    pub(crate) customer_ref: Option<SafeText>,
    pub(crate) status: &'static str,
    /// The logins of the accounts that are shared.
    pub(crate) accounts: Vec<SafeText>,
    pub(crate) needs_reconnect: bool,
    pub(crate) since: String,
    pub(crate) last_used: Option<String>,
    pub(crate) expires: Option<String>,
}

/// The customers of an app.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "customers.html")]
pub(crate) struct CustomersView {
    pub(crate) user: SafeText,
    /// The app's name, and its id.
    pub(crate) app: SafeText,
    pub(crate) client_id: String,
    /// How the customers that are sought begin, as it was typed.
    pub(crate) search: String,
    pub(crate) problems: Vec<FieldProblem>,
    pub(crate) rows: Vec<CustomerRow>,
    /// The path of the next page.
    pub(crate) next: Option<String>,
}

impl CustomersView {
    fn problem(&self) -> Option<&SafeText> {
        problem(&self.problems, "search")
    }

    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Apps)
    }
}

impl View for CustomersView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}

/// What is shared of one account.
#[derive(Clone, Debug)]
pub(crate) struct AccountRow {
    pub(crate) login: SafeText,
    pub(crate) provider: SafeText,
    pub(crate) needs_reconnect: bool,
    pub(crate) permissions: Vec<&'static str>,
    /// The approved ones; `None` for whatever the account can read.
    pub(crate) repositories: Option<Vec<SafeText>>,
    pub(crate) last_used: Option<String>,
    pub(crate) expires: Option<String>,
}

/// One customer of an app.
#[derive(Clone, Debug, Template)]
#[template(path = "customer.html")]
pub(crate) struct CustomerView {
    pub(crate) user: SafeText,
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    /// The link that was just made.
    pub(crate) link: Option<String>,
    /// Whether the server can mail a link, and the address that was entered for it.
    pub(crate) sends_mail: bool,
    pub(crate) email: String,
    /// The app's name, and its id.
    pub(crate) app: SafeText,
    pub(crate) client_id: String,
    pub(crate) customer: CustomerRow,
    /// The id of the customer's tenant.
    pub(crate) tenant_id: String,
    /// Whether the approval can still be ended.
    pub(crate) is_live: bool,
    pub(crate) permissions: Vec<&'static str>,
    pub(crate) accounts: Vec<AccountRow>,
}

impl CustomerView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Apps)
    }
}

impl View for CustomerView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
