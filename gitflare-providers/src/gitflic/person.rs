//! People: accounts as other resources name them, and people as Git knows them.

use gitflare_core::model::{Actor, Signature};

use super::{
    api::{Commit, Ident, Moment, User},
    client::Web,
};
use crate::wire::known;

/// An account inside another resource.
pub(super) fn actor(user: User, web: Web<'_>) -> Actor {
    Actor {
        id: known(user.id),
        login: known(user.username),
        name: known(user.full_name),
        avatar_url: web.picture(user.avatar),
    }
}

/// A person as Git knows them.
pub(super) fn signature(ident: Ident, web: Web<'_>) -> Signature {
    Signature {
        name: known(ident.name),
        email: known(ident.email_address),
        date: ident.when.as_ref().and_then(Moment::timestamp),
        login: None,
        avatar_url: web.picture(ident.avatar.or(ident.avatar_of_tag)),
    }
}

/// Who wrote a commit. GitFlic names one account for a commit and does not say whose it is: it is the
/// author's where the author has its name, or is the committer as well.
pub(super) fn author(commit: &mut Commit, web: Web<'_>) -> Option<Signature> {
    let ident = commit.author_ident.take()?;
    let user = commit.user.take().filter(|user| {
        let committer = commit.committer_ident.as_ref();
        let email = ident.email_address.as_deref().filter(|it| !it.is_empty());
        let names = [&user.full_name, &user.username];
        let is_named = |name: &str| {
            let mut names = names.iter().filter_map(|it| it.as_deref());
            names.any(|known| known.eq_ignore_ascii_case(name))
        };
        ident.name.as_deref().is_some_and(is_named)
            || email.is_some() && committer.is_some_and(|it| it.email_address.as_deref() == email)
    });
    let mut author = signature(ident, web);
    if let Some(user) = user {
        author.login = known(user.username);
        author.avatar_url = web.picture(user.avatar).or(author.avatar_url);
    }
    Some(author)
}
