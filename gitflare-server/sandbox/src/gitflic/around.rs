//! Who owns projects, and who there is: accounts, companies, and teams, of which there are none here.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{error, lists::page, objects};
use crate::kit::{
    Answer, Call,
    people::{PEOPLE, Person},
};

pub(super) async fn users(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    let rows = PEOPLE
        .iter()
        .map(|person| objects::user(call.world, person));
    Ok(Answer::json(200, &page(call, "userList", rows.collect())))
}

pub(super) async fn teams(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    Ok(Answer::json(200, &page(call, "teamList", Vec::new())))
}

pub(super) async fn team(_: &Call<'_>, _: &'static Person) -> Result<Answer> {
    Ok(error(404, "Team not found"))
}

/// The owners of what a person can see, each once.
fn rows(call: &Call<'_>, person: &Person) -> Vec<Value> {
    let repos = call.world.visible(person).into_iter();
    let mut names: Vec<_> = repos.map(|repo| repo.owner).collect();
    names.sort();
    names.dedup();
    let row = |(at, name): (usize, &String)| {
        json!({
            "id": objects::uuid("80b0", at as u64 + 1), "alias": name, "title": name, "description": null,
            "ownerAlias": PEOPLE[0].login, "avatar": "/static/image/company.jpg", "private": false,
        })
    };
    names.iter().enumerate().map(row).collect()
}

pub(super) async fn companies(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(Answer::json(
        200,
        &page(call, "companyList", rows(call, person)),
    ))
}

pub(super) async fn company(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let rows = rows(call, person).into_iter();
    let found = rows
        .into_iter()
        .find(|row| row["alias"] == call.name("alias"));
    Ok(found.map_or_else(
        || error(404, "Company not found"),
        |row| Answer::json(200, &row),
    ))
}
