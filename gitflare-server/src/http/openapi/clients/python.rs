//! The client in Python: types and methods between the parts of `head.py`.

use std::fmt::Write;

use super::model::{Api, Credential, Is, Member, Method, Type};

const HEAD: &str = include_str!("head.py");

/// Words that are no names in Python and that the document has for members or arguments.
const KEYWORDS: &[&str] = &[
    "and", "as", "async", "await", "class", "def", "del", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "not", "or", "pass", "return", "try", "while", "with", "yield",
];

pub(super) fn write(api: &Api<'_>) -> String {
    let mut types = String::new();
    for (name, named) in &api.types {
        let _ = match &named.is {
            Is::Object(members) if members.iter().any(|it| KEYWORDS.contains(&it.name)) => {
                by_call(&mut types, name, named.about, members)
            }
            Is::Object(members) => by_class(&mut types, name, named.about, members),
            Is::Alias(of) => {
                comment(&mut types, "", named.about);
                writeln!(types, "{name}: TypeAlias = '{}'\n\n", written(of))
            }
        };
    }
    let methods: Vec<_> = api.methods.iter().map(method).collect();
    HEAD.replace("# @TYPES@\n", types.trim_end_matches('\n'))
        .replace("    # @METHODS@\n", &methods.join("\n"))
}

fn by_class(
    text: &mut String,
    name: &str,
    about: &str,
    members: &[Member<'_>],
) -> std::fmt::Result {
    writeln!(
        text,
        "class {name}(TypedDict):\n    \"\"\"{}\"\"\"\n",
        line(about)
    )?;
    for member in members {
        comment(text, "    ", member.about);
        writeln!(text, "    {}: {}", member.name, declared(member))?;
    }
    text.write_str("\n\n")
}

/// A class cannot have a member named by a keyword.
fn by_call(text: &mut String, name: &str, about: &str, members: &[Member<'_>]) -> std::fmt::Result {
    comment(text, "", about);
    writeln!(text, "{name} = TypedDict(\n    \"{name}\",\n    {{")?;
    for member in members {
        comment(text, "        ", member.about);
        writeln!(text, "        \"{}\": '{}',", member.name, declared(member))?;
    }
    text.write_str("    },\n)\n\n\n")
}

fn method(method: &Method<'_>) -> String {
    let mut text = String::new();
    let mut arguments = vec!["self".to_owned()];
    for argument in &method.in_path {
        arguments.push(format!(
            "{}: {}",
            snake(argument.name),
            written(&argument.of)
        ));
    }
    let mut sent = String::new();
    if let Some(body) = &method.body {
        arguments.push(format!("body: {}", written(body)));
        sent.push_str(", body=body");
    }
    if !method.query.is_empty() {
        arguments.push("*".to_owned());
        sent.push_str(", query={");
        for (at, member) in method.query.iter().enumerate() {
            let name = snake(member.name);
            arguments.push(match member.is_required {
                true => format!("{name}: {}", written(&member.of)),
                false => format!("{name}: {} | None = None", written(&member.of)),
            });
            let comma = if at == 0 { "" } else { ", " };
            let _ = write!(sent, "{comma}\"{}\": {name}", member.name);
        }
        sent.push('}');
    }
    let call = format!(
        "self._call(\"{}\", f\"{}\", {}{sent})",
        method.row.method.to_uppercase(),
        filled(method.row.path),
        credential(method.credential),
    );
    let (answer, result) = match method.answer.as_ref().map(written) {
        Some(answer) => {
            let result = format!("return cast({answer}, {call})");
            (answer, result)
        }
        None => ("None".to_owned(), call),
    };
    let _ = writeln!(
        text,
        "    def {}({}) -> {answer}:\n        \"\"\"{}",
        method.row.name,
        arguments.join(", "),
        method.about
    );
    text.pop();
    if let Some(scope) = method.scope {
        let _ = write!(text, " Needs `{scope}`.");
    }
    for member in &method.query {
        let _ = write!(
            text,
            "\n\n        {}: {}",
            snake(member.name),
            line(member.about)
        );
    }
    let end = if method.query.is_empty() {
        ""
    } else {
        "\n        "
    };
    let _ = writeln!(text, "{end}\"\"\"\n        {result}");
    text
}

const fn credential(credential: Credential) -> &'static str {
    match credential {
        Credential::None => "None",
        Credential::Token => "\"token\"",
        Credential::Client => "\"client\"",
        Credential::Session => "\"session\"",
        Credential::AdminKey => "\"admin_key\"",
    }
}

fn declared(member: &Member<'_>) -> String {
    match member.is_required {
        true => written(&member.of),
        false => format!("NotRequired[{}]", written(&member.of)),
    }
}

fn written(of: &Type) -> String {
    match of {
        Type::Named(name) => name.clone(),
        Type::Words(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
            format!("Literal[{}]", words.join(", "))
        }
        Type::Text => "str".to_owned(),
        Type::Integer => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Null => "None".to_owned(),
        Type::List(of) => format!("list[{}]", written(of)),
        Type::Map(of) => format!("dict[str, {}]", written(of)),
        Type::Object => "dict[str, Any]".to_owned(),
        Type::OneOf(each) => each.iter().map(written).collect::<Vec<_>>().join(" | "),
    }
}

/// `/a/{b}` as the inside of an f-string.
fn filled(path: &str) -> String {
    let mut parts = path.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let _ = write!(text, "{{_segment({})}}{rest}", snake(name));
    }
    text
}

/// `connectionId` as `connection_id`; a keyword gets a line behind it.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&name) {
        text.push('_');
    }
    text
}

fn line(about: &str) -> String {
    let words: Vec<_> = about.split_whitespace().collect();
    words
        .join(" ")
        .replace('\\', "\\\\")
        .replace("\"\"\"", "''''")
}

fn comment(text: &mut String, indent: &str, about: &str) {
    if !about.is_empty() {
        let _ = writeln!(text, "{indent}# {}", line(about));
    }
}
