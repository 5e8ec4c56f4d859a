//! What every page has around its content: stylesheet, script, mark, and the navigation of whom it
//! is shown to.

use super::{
    assets::{self, Asset},
    text::SafeText,
};

/// The frame of a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shell {
    visitor: Visitor,
    tab: Option<Tab>,
}

/// A part of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Apps,
    Calls,
    Account,
}

impl Tab {
    /// Where each part is, and what it is called.
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Apps, "/app/dashboard", "Apps"),
        (Self::Calls, "/app/developer/calls", "Calls"),
        (Self::Account, "/app/account", "Account"),
    ];
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Visitor {
    /// A visitor of the public site.
    #[default]
    Anybody,
    /// A signed-in developer, by e-mail address or name.
    Developer(SafeText),
    /// A customer of an app: no way out but back to the app.
    Customer,
}

impl Shell {
    /// The public site.
    pub(crate) fn public() -> Self {
        Self::default()
    }

    /// The public site, or the dashboard, for a signed-in user.
    pub(crate) fn developer(name: SafeText) -> Self {
        Self {
            visitor: Visitor::Developer(name),
            tab: None,
        }
    }

    /// The same, on a page of this part of the dashboard.
    pub(crate) const fn at(mut self, tab: Tab) -> Self {
        self.tab = Some(tab);
        self
    }

    /// The parts of the dashboard: path, name, whether the page belongs to it.
    pub(super) fn tabs(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + '_ {
        let tabs = Tab::ALL.iter();
        tabs.map(|&(tab, path, name)| (path, name, self.tab == Some(tab)))
    }

    /// A page that an app sends its customers to.
    pub(crate) const fn customer() -> Self {
        Self {
            visitor: Visitor::Customer,
            tab: None,
        }
    }

    /// Name of the user who has signed in; `None` without one.
    pub(super) const fn signed_in(&self) -> Option<&SafeText> {
        match &self.visitor {
            Visitor::Developer(name) => Some(name),
            Visitor::Anybody | Visitor::Customer => None,
        }
    }

    /// Whether the site's own navigation is shown.
    pub(super) const fn has_navigation(&self) -> bool {
        !matches!(self.visitor, Visitor::Customer)
    }

    /// The stylesheet's address.
    pub(super) fn style(&self) -> &'static str {
        assets::address(Asset::Style)
    }

    /// The script's address: what copies and filters, or what links and picks.
    pub(super) fn script(&self) -> &'static str {
        assets::address(if self.has_navigation() {
            Asset::SiteScript
        } else {
            Asset::ConnectScript
        })
    }

    /// The mark's address.
    pub(super) fn logo(&self) -> &'static str {
        assets::address(Asset::Logo)
    }
}
