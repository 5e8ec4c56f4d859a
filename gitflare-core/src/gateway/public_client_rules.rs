//! Which public clients the operator lets in: those of documents by their host, those that register
//! themselves all or none. It is asked when one comes, and again with every token of one that came
//! before; what such a client is, `public_clients.rs` says.

use super::{Gateway, public_clients::REGISTERED};

/// Clients that may ask people without being registered by somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicClientRule {
    /// Those that a metadata document of any public host describes.
    AnyHost,
    /// Those that a metadata document of this host describes.
    Host(String),
    /// Those that register themselves (RFC 7591).
    Registration,
}

/// All rules of a gateway: without any, nobody is let in.
#[derive(Debug, Default)]
pub(super) struct PublicClientRules(Vec<PublicClientRule>);

impl PublicClientRules {
    pub(super) const fn new(rules: Vec<PublicClientRule>) -> Self {
        Self(rules)
    }

    /// Whether the client that calls itself so may come, and what it has got is still good.
    pub(super) fn let_in(&self, public_id: &str) -> bool {
        if public_id.starts_with(REGISTERED) {
            return self.0.contains(&PublicClientRule::Registration);
        }
        host_of(public_id).is_some_and(|host| self.let_in_documents_of(host))
    }

    fn let_in_documents_of(&self, host: &str) -> bool {
        self.0.iter().any(|rule| match rule {
            PublicClientRule::AnyHost => true,
            PublicClientRule::Host(named) => named == host,
            PublicClientRule::Registration => false,
        })
    }
}

/// The host of the address that a client of a document is known by: it was stored as it was checked
/// when it came.
fn host_of(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://")?;
    rest.split(['/', ':', '?', '#']).next()
}

impl Gateway {
    /// Whether any public client is let in.
    #[must_use]
    pub fn takes_public_clients(&self) -> bool {
        !self.public_clients.0.is_empty()
    }

    /// Whether clients may register themselves.
    #[must_use]
    pub fn takes_registrations(&self) -> bool {
        let rules = &self.public_clients.0;
        rules.contains(&PublicClientRule::Registration)
    }

    /// Whether clients may be described by documents.
    #[must_use]
    pub fn takes_documents(&self) -> bool {
        let mut rules = self.public_clients.0.iter();
        rules.any(|rule| *rule != PublicClientRule::Registration)
    }

    /// Whether a document of that host may describe a client.
    #[must_use]
    pub fn takes_documents_of(&self, host: &str) -> bool {
        self.public_clients.let_in_documents_of(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_let_in_by_its_kind_or_its_host() {
        let named = || PublicClientRule::Host("agent.example".into());
        let document = "https://agent.example/client.json";
        for (rules, id, expected) in [
            (vec![], document, false),
            (vec![], "reg_x", false),
            (vec![PublicClientRule::Registration], "reg_x", true),
            (vec![PublicClientRule::Registration], document, false),
            (vec![PublicClientRule::AnyHost], document, true),
            (vec![PublicClientRule::AnyHost], "reg_x", false),
            (vec![named()], document, true),
            (vec![named()], "https://agent.example.evil.example/", false),
            (vec![named()], "https://evil.example/agent.example/", false),
            (vec![named()], "http://agent.example/client.json", false),
            (vec![named()], "", false),
        ] {
            let rules = PublicClientRules::new(rules);
            assert_eq!(rules.let_in(id), expected, "{rules:?} {id}");
        }
    }
}
