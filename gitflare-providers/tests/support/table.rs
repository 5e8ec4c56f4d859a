//! Tables of reads: how a row names its fixtures and what is expected of it.

use std::{fs, path::PathBuf};

use gitflare_providers::conformance::{Case, Read, Reply};
use serde_json::Value;

/// The text of a fixture, such as `github/tags.json`.
pub(crate) fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fs::read_to_string(path.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Rows of the table of one provider, whose fixtures are in that folder.
pub(crate) struct Table(pub(crate) &'static str);

impl Table {
    /// A read whose answers are fixtures, each with the target that asks for it; the client gets
    /// `<name>.golden.json`.
    pub(crate) fn case(&self, name: &'static str, read: Read, exchanges: &[(&str, &str)]) -> Row {
        let exchanges = exchanges.iter().map(|(fixture, target)| {
            let reply = Reply::ok(self::fixture(&format!("{}/{fixture}.json", self.0)));
            ((*fixture).to_owned(), (*target).to_owned(), reply)
        });
        let case = Case {
            name,
            read,
            exchanges: exchanges.collect(),
            golden: Value::Null,
            list: None,
            needs: Default::default(),
        };
        Row {
            case,
            folder: self.0,
            golden: vec![name],
        }
    }
}

/// A row that is being written.
pub(crate) struct Row {
    case: Case,
    folder: &'static str,
    golden: Vec<&'static str>,
}

impl Row {
    /// Another request that is made, and its answer.
    pub(crate) fn answer(self, name: &str, target: &str, body: impl Into<String>) -> Self {
        self.reply(name, target, Reply::ok(body))
    }

    /// The same with an answer that is more than a body.
    pub(crate) fn reply(mut self, name: &str, target: &str, reply: Reply) -> Self {
        let exchange = (name.to_owned(), target.to_owned(), reply);
        self.case.exchanges.push(exchange);
        self
    }

    /// The client gets these golden files, one list after the other.
    pub(crate) fn golden(mut self, names: &[&'static str]) -> Self {
        self.golden = names.to_vec();
        self
    }

    /// The answer of that name has the rows of a paged list at that JSON pointer.
    pub(crate) fn list(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.case.list = Some((name, pointer));
        self
    }

    /// The answer cannot do without these.
    pub(crate) fn needs(mut self, paths: &[&str]) -> Self {
        self.case.needs = paths.iter().map(|path| (*path).to_owned()).collect();
        self
    }

    pub(crate) fn done(mut self) -> Case {
        let files = self.golden.iter().map(|name| {
            let text = fixture(&format!("{}/{name}.golden.json", self.folder));
            serde_json::from_str::<Value>(&text).unwrap()
        });
        let mut files: Vec<Value> = files.collect();
        self.case.golden = match files.len() {
            1 => files.remove(0),
            _ => files
                .iter()
                .flat_map(|rows| rows.as_array().unwrap().clone())
                .collect(),
        };
        self.case
    }
}

/// The query parameter of that name as a number.
pub(crate) fn number(url: &url::Url, name: &str) -> Option<usize> {
    let (_, value) = url.query_pairs().find(|(key, _)| key == name)?;
    value.parse().ok()
}
