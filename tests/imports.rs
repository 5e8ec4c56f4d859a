//! No import circle of more than one file in any crate, and the floors of the HTTP surface. The
//! graph is read from `use` lines and from paths in the code; a re-export is followed to the file
//! that defines the name. A file's use of the head of a folder that it lies in does not count.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A module as its path from the crate's root; the root is empty.
type Module = Vec<String>;

#[test]
fn no_crate_has_an_import_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = source_folders(root);
    assert!(sources.len() >= 5, "the crates were not found: {sources:?}");
    for folder in sources {
        let graph = Graph::read(&root.join(&folder));
        if let Some(circle) = graph.circles().first() {
            panic!("{folder}: {}", graph.explain(circle));
        }
    }
}

#[test]
fn handlers_import_from_below_and_not_each_other() {
    const HANDLERS: [&str; 4] = ["api", "hosted", "testapp", "openapi"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("gitflare-server/src");
    let graph = Graph::read(&folder);
    let mut seen = 0;
    for (file, used) in graph.edges() {
        let (Some(from), Some(to)) = (floor(&file), floor(&used)) else {
            continue;
        };
        seen += 1;
        let is_allowed = match from {
            "assembly" => true,
            from if HANDLERS.contains(&from) => from == to || matches!(to, "" | "bodies" | "pages"),
            "pages" | "bodies" => to.is_empty() || from == to,
            _ => to.is_empty(),
        };
        assert!(is_allowed, "{file} uses {used}");
    }
    assert!(seen > 100, "the HTTP surface was not found");
}

/// The folder of `http` in which a file lies, `""` for the vocabulary; `None` outside of `http`.
fn floor(file: &str) -> Option<&str> {
    let rest = file.strip_prefix("http/")?;
    let is_head = [
        "api", "assembly", "bodies", "hosted", "openapi", "pages", "testapp",
    ]
    .contains(&rest);
    Some(match rest.split_once('/') {
        Some((folder, _)) => folder,
        None if is_head => rest,
        None => "",
    })
}

#[test]
fn a_circle_is_found_through_re_exports_and_braces() {
    let graph = Graph::of(&[
        ("", "mod a; mod b; mod c; pub use b::Thing;"),
        ("a", "use crate::{Thing, c};\npub struct A;"),
        ("b", "pub struct Thing;\nfn f() { super::c::run() }"),
        ("c", "use super::{\n    a::A as Other,\n};\npub fn run() {}"),
        ("d", "use crate::c;\n// use crate::e::E;\nstruct D;"),
        ("e", "use crate::d::D;\n#[cfg(test)]\nuse crate::a::A;"),
    ]);
    assert_eq!(graph.circles(), [["a", "b", "c"]]);
}

#[test]
fn a_folders_head_and_comments_make_no_circle() {
    let graph = Graph::of(&[
        ("", "pub mod a;"),
        ("a", "mod b;\nuse b::B;\npub struct Head;"),
        (
            "a/b",
            "use super::Head;\nuse crate::a::Head as Again;\npub struct B;",
        ),
    ]);
    assert_eq!(graph.circles(), Vec::<Vec<String>>::new());
}

/// The `src` folders of all our crates, relative to the root.
fn source_folders(root: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("members = [").unwrap();
    let (members, _) = members.split_once(']').unwrap();
    let names = members.split('"').skip(1).step_by(2);
    names
        .map(|name| match name {
            "." => "src".to_owned(),
            name => format!("{name}/src"),
        })
        .collect()
}

/// One name that a file takes in.
struct Import {
    path: Vec<String>,
    /// What it is called here; `*` for all names of a module.
    name: String,
}

/// What stands in one file.
#[derive(Default)]
struct File {
    imports: Vec<Import>,
    /// Paths of at least two names in the code.
    paths: Vec<Vec<String>>,
    defined: BTreeSet<String>,
}

/// A crate's files and which of them use which.
struct Graph {
    files: BTreeMap<Module, File>,
}

impl Graph {
    /// The graph of the sources below a folder, tests aside.
    fn read(folder: &Path) -> Self {
        let mut texts = Vec::new();
        let mut pending = vec![folder.to_path_buf()];
        while let Some(next) = pending.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    if name != "tests" {
                        pending.push(path);
                    }
                } else if let Some(name) = name.strip_suffix(".rs") {
                    if matches!(name, "tests" | "main") {
                        continue;
                    }
                    let parent = path.parent().unwrap().strip_prefix(folder).unwrap();
                    let parent = parent.to_str().unwrap();
                    let module = match name {
                        "lib" => String::new(),
                        "mod" => parent.to_owned(),
                        name if parent.is_empty() => name.to_owned(),
                        name => format!("{parent}/{name}"),
                    };
                    texts.push((module, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let texts: Vec<_> = texts
            .iter()
            .map(|(module, text)| (module.as_str(), text.as_str()))
            .collect();
        Self::of(&texts)
    }

    fn of(texts: &[(&str, &str)]) -> Self {
        let module = |name: &str| {
            let parts = name.split('/').filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let files = texts
            .iter()
            .map(|(name, text)| (module(name), File::parse(text)));
        Self {
            files: files.collect(),
        }
    }

    /// Every pair of files of which the first uses the second.
    fn edges(&self) -> BTreeSet<(String, String)> {
        let mut edges = BTreeSet::new();
        for (module, file) in &self.files {
            let imports = file.imports.iter().map(|import| &import.path);
            for path in imports.chain(&file.paths) {
                let Some(used) = self.resolve(module, path, 0) else {
                    continue;
                };
                // Also drops what a file takes from itself.
                if !module.starts_with(&used) {
                    edges.insert((module.join("/"), used.join("/")));
                }
            }
        }
        edges
    }

    /// The file that defines what a path in `module` names; `None` for another crate's.
    fn resolve(&self, module: &Module, path: &[String], depth: u32) -> Option<Module> {
        let mut at = module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
            }
            first => {
                let is_child = self.is_module(&at, first);
                let import = self.files[module].named(first);
                return match import {
                    _ if is_child => self.descend(at, rest, depth),
                    // An alias that names itself is another crate.
                    Some(import) if depth < 8 && import.path.first() != path.first() => {
                        let mut whole = import.path.clone();
                        whole.extend_from_slice(&rest[1..]);
                        self.resolve(module, &whole, depth + 1)
                    }
                    _ => None,
                };
            }
        }
        rest = &rest[1..];
        while rest.first().is_some_and(|name| name == "super") {
            at.pop();
            rest = &rest[1..];
        }
        self.descend(at, rest, depth)
    }

    fn descend(&self, mut at: Module, mut rest: &[String], depth: u32) -> Option<Module> {
        while let Some(name) = rest.first()
            && self.is_module(&at, name)
        {
            at.push(name.clone());
            rest = &rest[1..];
        }
        let file = self.files.get(&at)?;
        let Some(name) = rest.first().filter(|name| *name != "*" && *name != "self") else {
            return Some(at);
        };
        if depth >= 8 || file.defined.contains(name) {
            return Some(at);
        }
        if let Some(import) = file.named(name) {
            return self.resolve(&at, &import.path, depth + 1).or(Some(at));
        }
        let globs = file.imports.iter().filter(|import| import.name == "*");
        for glob in globs {
            let mut path = glob.path.clone();
            path.pop();
            path.push(name.clone());
            if let Some(found) = self.resolve(&at, &path, depth + 1)
                && self.files[&found].defined.contains(name)
            {
                return Some(found);
            }
        }
        Some(at)
    }

    fn is_module(&self, parent: &Module, name: &str) -> bool {
        let mut child = parent.clone();
        child.push(name.to_owned());
        self.files.contains_key(&child)
    }

    /// Sets of files that all reach each other, of more than one file.
    fn circles(&self) -> Vec<Vec<String>> {
        let edges = self.edges();
        let names: BTreeSet<_> = edges.iter().map(|(from, _)| from).collect();
        let reach: BTreeMap<_, _> = names
            .iter()
            .map(|&name| (name, reached(name, &edges)))
            .collect();
        let mut circles: Vec<Vec<String>> = Vec::new();
        for (name, reached) in &reach {
            if circles.iter().flatten().any(|known| known == *name) {
                continue;
            }
            let mut circle: Vec<String> = reached
                .iter()
                .filter(|other| reach.get(other).is_some_and(|back| back.contains(*name)))
                .map(|other| (*other).clone())
                .collect();
            circle.sort();
            if circle.len() > 1 {
                circles.push(circle);
            }
        }
        circles
    }

    /// The arrows inside a circle, one a line.
    fn explain(&self, circle: &[String]) -> String {
        let arrows = self.edges().into_iter();
        let inside = arrows.filter(|(from, to)| circle.contains(from) && circle.contains(to));
        let lines: Vec<_> = inside.map(|(from, to)| format!("{from} -> {to}")).collect();
        format!(
            "an import circle of {}:\n{}",
            circle.len(),
            lines.join("\n")
        )
    }
}

/// Everything that can be reached from a file.
fn reached(start: &String, edges: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut pending = vec![start];
    while let Some(from) = pending.pop() {
        let below = (from.clone(), String::new())..;
        for (_, to) in edges.range(below).take_while(|(name, _)| name == from) {
            if found.insert(to.clone()) {
                pending.push(to);
            }
        }
    }
    found
}

impl File {
    fn parse(text: &str) -> Self {
        let code = code(text);
        let mut file = Self::default();
        let mut body = String::new();
        let mut rest = code.as_str();
        while let Some((before, statement, after)) = next_use(rest) {
            body.push_str(before);
            expand(statement, &[], &mut file.imports);
            rest = after;
        }
        body.push_str(rest);
        file.read_body(&body);
        file
    }

    fn named(&self, name: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.name == name)
    }

    /// Collects definitions and paths.
    fn read_body(&mut self, body: &str) {
        const ITEMS: [&str; 8] = [
            "fn", "struct", "enum", "trait", "type", "const", "static", "union",
        ];
        let mut words = words(body).peekable();
        let mut before = "";
        while let Some(word) = words.next() {
            if ITEMS.contains(&before) && is_name(word) {
                self.defined.insert(word.to_owned());
            }
            if is_name(word) && before != "::" && words.peek() == Some(&"::") {
                let mut path = vec![word.to_owned()];
                while words.next_if_eq(&"::").is_some() {
                    match words.next_if(|next| is_name(next)) {
                        Some(next) => path.push(next.to_owned()),
                        None => break,
                    }
                }
                self.paths.push(path);
            }
            before = word;
        }
    }
}

/// A file's text without comments, without the tests at its end and without what only tests use.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut is_for_tests = false;
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with("//") {
            continue;
        }
        if is_for_tests && line.starts_with("mod ") && line.ends_with('{') {
            break;
        }
        if !is_for_tests {
            code.push_str(line.split(" // ").next().unwrap());
            code.push('\n');
        }
        is_for_tests = line == "#[cfg(test)]";
    }
    code
}

/// The next `use` statement: the text before it, its tree, the text after it.
fn next_use(text: &str) -> Option<(&str, &str, &str)> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let statement = line.strip_prefix("pub").map_or(line, |rest| {
            let rest = rest.trim_start();
            match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
                Some((_, rest)) => rest.trim_start(),
                None => rest,
            }
        });
        if statement.starts_with("use ") {
            let start = offset + (line.len() - statement.len()) + "use ".len();
            let end = start + text[start..].find(';')?;
            return Some((&text[..offset], &text[start..end], &text[end + 1..]));
        }
        if let Some(at) = line.find("; use ").or_else(|| line.find("; pub use ")) {
            let start = offset + at + line[at..].find("use ")? + "use ".len();
            let end = start + text[start..].find(';')?;
            return Some((&text[..=offset + at], &text[start..end], &text[end + 1..]));
        }
        offset += line.len();
    }
    None
}

/// The single imports of a `use` tree.
fn expand(tree: &str, prefix: &[String], imports: &mut Vec<Import>) {
    let tree = tree.trim();
    let parts = |text: &str| -> Vec<String> {
        let names = text.split("::").map(str::trim);
        names
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    if let Some((head, rest)) = tree.split_once('{') {
        let mut path = prefix.to_vec();
        path.extend(parts(head));
        let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
        for branch in branches(inner) {
            expand(branch, &path, imports);
        }
        return;
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = tree
        .split_once(" as ")
        .map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let mut whole = prefix.to_vec();
    whole.extend(parts(path));
    if whole.last().is_some_and(|last| last == "self") && whole.len() > 1 {
        whole.pop();
    }
    let name = alias
        .map(|alias| alias.trim().to_owned())
        .or_else(|| whole.last().cloned());
    imports.extend(name.map(|name| Import { path: whole, name }));
}

/// The parts of a brace's content, split at its own commas.
fn branches(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// Names, `::` and single other characters, in order.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = if first.is_alphanumeric() || first == '_' {
            let end = |c: char| !(c.is_alphanumeric() || c == '_');
            rest.find(end).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(length);
        rest = after.trim_start();
        Some(word)
    })
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
