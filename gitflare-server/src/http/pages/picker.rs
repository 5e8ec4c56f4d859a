//! The repository picker: a list of boxes of which a hundred are shown, searched on the server.
//! What is chosen and not shown travels in hidden fields, so no script is needed to choose from a
//! thousand; a script only makes it quicker.
//!
//! A form that carries `browse` asks for another part of the list, not for its own action: the
//! handler shows the page again with [`Picked`] kept, and changes nothing.

use std::collections::HashSet;

use super::{connect::Host, text::SafeText};

/// Most repositories shown at once.
const SHOWN: usize = 100;

/// A repository that can be chosen.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryChoice {
    /// The connection that it is read through.
    pub(crate) connection_id: String,
    /// The provider's own id.
    pub(crate) id: String,
    /// The code host.
    pub(crate) host: Host,
    /// The account that it is read through.
    pub(crate) account: SafeText,
    /// Full name, `owner/name`.
    pub(crate) full_name: SafeText,
    /// Description by its owner.
    pub(crate) description: Option<SafeText>,
    /// `true` for a private repository; `None` when the provider does not say.
    pub(crate) is_private: Option<bool>,
    /// `true` for an archived repository; `None` when the provider does not say.
    pub(crate) is_archived: Option<bool>,
    /// Whether its box is ticked.
    pub(crate) is_chosen: bool,
    /// Whether it is shared already. Ticking changes nothing about it, so the order of the list stays.
    pub(crate) is_shared: bool,
}

impl RepositoryChoice {
    /// The value of its box, as the approving form posts it.
    pub(super) fn value(&self) -> String {
        format!("{}:{}", self.connection_id, self.id)
    }

    /// Whose it is: the full name without its last part.
    fn owner(&self) -> &str {
        let name = self.full_name.as_str();
        name.rsplit_once('/').map_or("", |(owner, _)| owner)
    }

    fn matches(&self, words: &[String]) -> bool {
        let mut text = self.full_name.as_str().to_lowercase();
        text.push(' ');
        text.push_str(self.host.name.as_str());
        text.push(' ');
        text.push_str(self.description.as_ref().map_or("", SafeText::as_str));
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    }
}

/// Choices of a consent or management form, unparsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picked {
    /// Names of permissions, as posted.
    pub(crate) permissions: Vec<String>,
    /// `connectionId:repoId`, as posted.
    pub(crate) repositories: HashSet<String>,
    /// The text of the search field.
    pub(crate) search: String,
    /// From which match on to show the list, when that is all the form wants.
    pub(crate) browse: Option<usize>,
    /// Whether only what is chosen is shown.
    pub(crate) only_chosen: bool,
}

/// How the value of `browse` begins for a list of what is chosen; a position follows.
const ONLY_CHOSEN: &str = "chosen-";

impl Picked {
    /// The choices among a form's pairs; other members are left aside.
    pub(crate) fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut picked = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "permissions" => picked.permissions.push(value.clone()),
                "repositories" => {
                    picked.repositories.insert(value.clone());
                }
                "search" => picked.search.clone_from(value),
                // Whatever it holds, a form with `browse` must not act.
                "browse" => {
                    let position = value.strip_prefix(ONLY_CHOSEN);
                    picked.only_chosen = position.is_some();
                    let position = position.unwrap_or(value);
                    picked.browse = Some(position.parse().unwrap_or(0));
                }
                _ => {}
            }
        }
        picked
    }
}

/// The picker of one page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picker {
    /// The boxes that are shown.
    pub(super) rows: Vec<RepositoryChoice>,
    /// The values that are chosen and not shown.
    pub(super) hidden: Vec<String>,
    /// Text of the search.
    pub(super) search: SafeText,
    /// Number of repositories in all.
    pub(super) total: usize,
    /// Number of repositories that match the search.
    pub(super) matching: usize,
    /// Number of chosen repositories.
    pub(super) chosen: usize,
    /// The first shown match, from 0.
    pub(super) from: usize,
    /// Whether an account has more repositories than were listed.
    pub(super) is_cut: bool,
    /// Whether an account's repositories could not be listed.
    pub(crate) is_partial: bool,
    /// Whether only what is chosen is shown.
    pub(super) only_chosen: bool,
}

/// The shown repositories of one owner that are read through one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'p> {
    /// The first of its rows, which tells what they have in common.
    pub(super) head: &'p RepositoryChoice,
    pub(super) rows: &'p [RepositoryChoice],
}

impl Group<'_> {
    /// Whose the repositories are.
    pub(super) fn owner(&self) -> SafeText {
        SafeText::new(self.head.owner())
    }
}

impl Picker {
    /// The part of `choices` that a form asks to see, by account and owner, those first of which something
    /// is shared already. `is_cut` says that an
    /// account has more repositories than `choices` holds.
    pub(crate) fn new(mut choices: Vec<RepositoryChoice>, picked: &Picked, is_cut: bool) -> Self {
        for of_account in choices.chunk_by_mut(|a, b| a.connection_id == b.connection_id) {
            let shared = of_account.iter().filter(|it| it.is_shared);
            let shared: HashSet<_> = shared.map(|it| it.owner().to_lowercase()).collect();
            of_account.sort_by_cached_key(|it| {
                let owner = it.owner().to_lowercase();
                (!shared.contains(&owner), owner, !it.is_shared)
            });
        }
        let (search, from) = (&picked.search, picked.browse.unwrap_or(0));
        let only_chosen = picked.only_chosen;
        let search = SafeText::new(search);
        let words: Vec<String> = search
            .as_str()
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let total = choices.len();
        let chosen = choices.iter().filter(|it| it.is_chosen).count();
        let (matching, others): (Vec<_>, Vec<_>) = choices
            .into_iter()
            .partition(|it| it.matches(&words) && (it.is_chosen || !only_chosen));
        let matches = matching.len();
        let from = if from < matches {
            from - from % SHOWN
        } else {
            0
        };
        let (mut rows, mut hidden) = (Vec::new(), others);
        for (index, choice) in matching.into_iter().enumerate() {
            if (from..from + SHOWN).contains(&index) {
                rows.push(choice);
            } else {
                hidden.push(choice);
            }
        }
        Self {
            rows,
            hidden: hidden
                .iter()
                .filter(|it| it.is_chosen)
                .map(RepositoryChoice::value)
                .collect(),
            search,
            total,
            matching: matches,
            chosen,
            from,
            is_cut,
            is_partial: false,
            only_chosen,
        }
    }

    /// The shown rows by account and owner, in their order.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let is_one = |a: &RepositoryChoice, b: &RepositoryChoice| {
            a.connection_id == b.connection_id && a.owner().eq_ignore_ascii_case(b.owner())
        };
        let groups = self.rows.chunk_by(is_one);
        groups.filter_map(|rows| {
            Some(Group {
                head: rows.first()?,
                rows,
            })
        })
    }

    /// The value of `browse` that shows the list from a position on, in this view.
    pub(super) fn at(&self, from: &usize) -> String {
        let view = if self.only_chosen { ONLY_CHOSEN } else { "" };
        format!("{view}{from}")
    }

    /// The value of `browse` that shows the list from its beginning, in this view.
    pub(super) fn first_part(&self) -> String {
        self.at(&0)
    }

    /// The value of `browse` that leads to the other view, of all or of what is chosen.
    pub(super) fn other_view(&self) -> String {
        let view = if self.only_chosen { "" } else { ONLY_CHOSEN };
        format!("{view}0")
    }

    /// One past the last shown match.
    pub(super) fn to(&self) -> usize {
        self.from + self.rows.len()
    }

    /// Offset of the previous part; `None` at the start.
    pub(super) fn previous(&self) -> Option<usize> {
        (self.from > 0).then(|| self.from.saturating_sub(SHOWN))
    }

    /// Offset of the next part; `None` at the end.
    pub(super) fn next(&self) -> Option<usize> {
        (self.to() < self.matching).then(|| self.to())
    }

    /// Whether every repository is on the page, so that a script can search it alone.
    pub(super) fn is_whole(&self) -> bool {
        self.rows.len() == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(count: usize) -> Vec<RepositoryChoice> {
        (0..count)
            .map(|index| RepositoryChoice {
                connection_id: "conn_1".to_owned(),
                id: index.to_string(),
                host: Host {
                    mark: "github".to_owned(),
                    name: "GitHub".into(),
                },
                account: "octo".into(),
                full_name: format!("octo/repo-{index:04}").into(),
                description: (index % 2 == 0).then(|| "An Even one".into()),
                is_private: None,
                is_archived: None,
                is_chosen: index % 300 == 7,
                is_shared: false,
            })
            .collect()
    }

    fn part(search: &str, from: usize) -> Picked {
        Picked {
            search: search.to_owned(),
            browse: Some(from),
            ..Picked::default()
        }
    }

    #[test]
    fn rows_stand_together_by_account_and_owner() {
        let mut rows = choices(6);
        for (at, (account, name)) in [
            ("conn_1", "zeta/a"),
            ("conn_1", "Acme/b"),
            ("conn_1", "zeta/c"),
            ("conn_1", "acme/d"),
            ("conn_2", "acme/sub/e"),
            ("conn_2", "lonely"),
        ]
        .into_iter()
        .enumerate()
        {
            rows[at].connection_id = account.to_owned();
            rows[at].full_name = name.into();
        }
        let picker = Picker::new(rows, &Picked::default(), false);
        let groups: Vec<_> = picker
            .groups()
            .map(|group| {
                let names = group.rows.iter().map(|row| row.full_name.as_str());
                (group.owner().as_str().to_owned(), names.collect::<Vec<_>>())
            })
            .collect();
        let expected = [
            ("Acme", vec!["Acme/b", "acme/d"]),
            ("zeta", vec!["zeta/a", "zeta/c"]),
            ("", vec!["lonely"]),
            ("acme/sub", vec!["acme/sub/e"]),
        ];
        assert_eq!(
            groups,
            expected.map(|(owner, names)| (owner.to_owned(), names))
        );
    }

    #[test]
    fn what_is_shared_comes_first_and_stays_there() {
        let mut choices = choices(250);
        choices[240].is_shared = true;
        let first = |browse| {
            let picked = Picked {
                browse,
                ..Picked::default()
            };
            let picker = Picker::new(choices.clone(), &picked, false);
            picker.rows[0].id.clone()
        };
        assert_eq!(first(None), choices[240].id);
        assert_eq!(first(Some(0)), choices[240].id, "ticked or not");
        assert_ne!(first(Some(100)), choices[240].id);
    }

    #[test]
    fn what_is_chosen_can_be_seen_alone() {
        let pairs = [("browse".to_owned(), "chosen-0".to_owned())];
        let picked = Picked::from_pairs(&pairs);
        let picker = Picker::new(choices(1000), &picked, false);
        assert_eq!(
            (picker.matching, picker.chosen, picker.rows.len()),
            (4, 4, 4)
        );
        assert!(picker.hidden.is_empty() && !picker.is_whole());
        assert_eq!(
            (picker.at(&100), picker.other_view()),
            ("chosen-100".into(), "0".into())
        );
    }

    #[test]
    fn a_hundred_of_a_thousand_are_shown_and_none_is_lost() {
        let mut from = 0;
        let mut seen = Vec::new();
        loop {
            let picker = Picker::new(choices(1000), &part("", from), false);
            assert_eq!(picker.rows.len(), 100);
            assert_eq!(
                (picker.total, picker.matching, picker.chosen),
                (1000, 1000, 4)
            );
            let shown_chosen = picker.rows.iter().filter(|it| it.is_chosen).count();
            assert_eq!(shown_chosen + picker.hidden.len(), 4);
            seen.extend(picker.rows.iter().map(|it| it.id.clone()));
            match picker.next() {
                Some(next) => from = next,
                None => break,
            }
        }
        let expected: Vec<_> = (0..1000).map(|index: usize| index.to_string()).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_search_narrows_by_every_word_and_keeps_what_is_chosen() {
        for (search, matching) in [
            ("repo-0042", 1),
            ("OCTO 0042", 1),
            ("0042 github", 1),
            ("even 99", 5),
            ("nothing like it", 0),
            ("  ", 1000),
        ] {
            let picker = Picker::new(choices(1000), &part(search, 0), false);
            assert_eq!(picker.matching, matching, "{search}");
            let shown_chosen = picker.rows.iter().filter(|it| it.is_chosen).count();
            assert_eq!(shown_chosen + picker.hidden.len(), 4, "{search}");
        }
    }

    #[test]
    fn a_position_that_is_none_shows_the_beginning() {
        for (from, expected) in [(0, 0), (100, 100), (150, 100), (1000, 0), (usize::MAX, 0)] {
            assert_eq!(
                Picker::new(choices(250), &part("", from), false).from,
                if from == 100 || from == 150 {
                    expected
                } else {
                    0
                }
            );
        }
        let last = Picker::new(choices(250), &part("", 200), false);
        assert_eq!(
            (last.rows.len(), last.previous(), last.next()),
            (50, Some(100), None)
        );
    }

    #[test]
    fn a_form_that_browses_says_so_whatever_it_holds() {
        let pairs = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            Picked::from_pairs(&pairs)
        };
        let picked = pairs(&[
            ("repositories", "conn_1:1"),
            ("repositories", "conn_1:2"),
            ("permissions", "read:commits"),
            ("search", "x"),
            ("csrf", "y"),
        ]);
        assert_eq!(picked.repositories.len(), 2);
        assert_eq!(picked.permissions, ["read:commits"]);
        assert_eq!(picked.browse, None);
        assert_eq!(pairs(&[("browse", "100")]).browse, Some(100));
        assert_eq!(pairs(&[("browse", "")]).browse, Some(0));
        assert_eq!(pairs(&[("browse", "-1")]).browse, Some(0));
    }
}
