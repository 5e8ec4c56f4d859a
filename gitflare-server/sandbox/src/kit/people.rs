//! Who has an account on the emulated forges, and what they can see there.

/// An account.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) login: &'static str,
    pub(crate) name: &'static str,
    /// Whether the address is shown to others.
    pub(crate) public_email: Option<&'static str>,
    /// What can be seen.
    pub(crate) sees: Sees,
}

/// What an account can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// Every repository, as an owner.
    All,
    /// The first so many, as a reader.
    First(usize),
    /// None.
    Nothing,
}

/// Every account. The addresses are those of the sample's commits.
pub(crate) const PEOPLE: &[Person] = &[
    Person {
        id: 4101,
        login: "anna-berg",
        name: "Anna Berg",
        public_email: Some("anna@acme.example"),
        sees: Sees::All,
    },
    Person {
        id: 4102,
        login: "boris-lind",
        name: "Boris Lind",
        public_email: None,
        sees: Sees::First(3),
    },
    Person {
        id: 4103,
        login: "chen-wei",
        name: "Chen Wei",
        public_email: None,
        sees: Sees::Nothing,
    },
];

/// The account behind an address in a commit.
pub(crate) fn by_email(email: &str) -> Option<&'static Person> {
    let local = email.split('@').next()?;
    PEOPLE.iter().find(|person| {
        person.login.split('-').next() == Some(local) && email.ends_with("@acme.example")
    })
}

pub(crate) fn by_login(login: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.login == login)
}
