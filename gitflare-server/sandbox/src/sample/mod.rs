//! The sample repository: a small web shop with real commits over branches and tags, a merge, a
//! rename, a binary file, and secrets where people leave them. The same bytes in every run.

mod content;
mod git;
mod secrets;
#[cfg(test)]
mod tests;

use std::path::Path;

use content::{Product, binary_logo};
use git::{Failure, Files, Person, Writer};
pub use secrets::Planted;

/// The folder below the root, and with it the repository's full name.
pub const FULL_NAME: &str = "acme/storefront";

/// How many catalogue commits make the history longer than one page.
const PRODUCTS: usize = 24;
/// 2025-01-06T08:00:00Z.
const START: i64 = 1_736_150_400;

const ANNA: Person = Person {
    name: "Anna Berg",
    email: "anna@acme.example",
};
const BORIS: Person = Person {
    name: "Boris Lind",
    email: "boris@acme.example",
};
const CHEN: Person = Person {
    name: "Chen Wei",
    email: "chen@acme.example",
};

/// What was written.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The commit whose diff holds a planted secret, a `.env` and a private key.
    pub leaky_commit: String,
    /// What must never come out.
    pub planted: Planted,
}

/// Writes the repository below `root`.
///
/// # Errors
/// What the disk or Git says.
pub fn write(root: &Path) -> Result<Sample, Failure> {
    let planted = Planted::new();
    let path = root.join(format!("{FULL_NAME}.git"));
    let mut writer = Writer::create(
        &path,
        "A web shop that was never careful with secrets",
        START,
    )?;

    let mut main = writer.commit(&[], ANNA, "Start the storefront\n", |files| {
        put(files, "README.md", content::README);
        put(files, "src/cart.py", content::CART);
        put(files, "src/payments.py", content::PAYMENTS);
    })?;
    for (at, product) in Product::range(PRODUCTS / 2) {
        let person = [ANNA, BORIS, CHEN][at % 3];
        main = writer.commit(&[&main], person, &product.message(), |files| {
            put(files, &product.path(), product.json());
        })?;
    }
    writer.tag("v0.1.0", &main)?;

    // A branch that main goes on without, then takes in.
    let mut search = writer.commit(&[&main], CHEN, "Search products by name\n", |files| {
        put(files, "src/search.py", content::SEARCH);
    })?;
    search = writer.commit(&[&search], CHEN, "Rank exact matches first\n", |files| {
        put(files, "src/search.py", content::SEARCH_RANKED);
    })?;
    main = writer.commit(&[&main], BORIS, "Add the shop's logo\n", |files| {
        files.insert("assets/logo.png".into(), binary_logo());
    })?;
    main = writer.commit(
        &[&main, &search],
        ANNA,
        "Merge branch 'feature/search'\n",
        |files| {
            put(files, "src/search.py", content::SEARCH_RANKED);
        },
    )?;
    writer.branch("feature/search", &search)?;
    writer.annotated_tag(
        "v0.2.0",
        &main,
        ANNA,
        &format!(
            "Search\n\nThe hook on the release page signs with {}.\n",
            planted.webhook_secret
        ),
    )?;

    main = writer.commit(
        &[&main],
        BORIS,
        "Call the cart a basket, as the shop does\n",
        |files| {
            let cart = files.remove("src/cart.py").unwrap_or_default();
            let basket = String::from_utf8_lossy(&cart).replace("Cart", "Basket");
            put(files, "src/basket.py", basket);
        },
    )?;
    main = writer.commit(&[&main], CHEN, "Go live with payments\n", |files| {
        put(files, "src/payments.py", content::payments_live(&planted));
        put(
            files,
            "config/production.toml",
            content::production(&planted),
        );
        put(files, ".env", planted.env_file());
        put(files, "deploy/server.pem", planted.private_key_file());
    })?;
    let leaky_commit = main.id.to_string();
    main = writer.commit(
        &[&main],
        BORIS,
        &format!(
            "Deploy from the release branch\n\nUntil the robot account works, use {} by hand.\n",
            planted.hosting_token
        ),
        |files| put(files, "deploy/README.md", content::DEPLOY),
    )?;
    writer.branch("release/1.x", &main)?;
    writer.annotated_tag("v1.0.0", &main, CHEN, "The shop is open\n")?;

    for (at, product) in Product::range(PRODUCTS).skip(PRODUCTS / 2) {
        let person = [ANNA, BORIS, CHEN][at % 3];
        main = writer.commit(&[&main], person, &product.message(), |files| {
            put(files, &product.path(), product.json());
        })?;
    }
    writer.branch("main", &main)?;
    Ok(Sample {
        leaky_commit,
        planted,
    })
}

fn put(files: &mut Files, path: &str, text: impl Into<String>) {
    files.insert(path.to_owned(), text.into().into_bytes());
}
