//! The client in TypeScript: types and methods between the parts of `head.ts`.

use std::fmt::Write;

use super::model::{Api, Credential, Is, Member, Method, Type};

const HEAD: &str = include_str!("head.ts");

pub(super) fn write(api: &Api<'_>) -> String {
    let mut types = String::new();
    for (name, named) in &api.types {
        comment(&mut types, "", named.about);
        let _ = match &named.is {
            Is::Object(members) => {
                let _ = writeln!(types, "export interface {name} {{");
                for member in members {
                    comment(&mut types, "  ", member.about);
                    let _ = writeln!(types, "  {};", declared(member));
                }
                writeln!(types, "}}\n")
            }
            Is::Alias(of) => writeln!(types, "export type {name} = {};\n", written(of)),
        };
    }
    let methods: Vec<_> = api.methods.iter().map(method).collect();
    HEAD.replace("// @TYPES@\n", types.trim_end_matches('\n'))
        .replace("  // @METHODS@\n", &methods.join("\n"))
}

fn method(method: &Method<'_>) -> String {
    let mut text = String::new();
    let needs = method.scope.map(|scope| format!(" Needs `{scope}`."));
    let about = [method.about, &needs.unwrap_or_default()].concat();
    comment(&mut text, "  ", &about);
    let mut arguments: Vec<_> = method
        .in_path
        .iter()
        .map(|argument| format!("{}: {}", argument.name, written(&argument.of)))
        .collect();
    let mut sent = Vec::new();
    if let Some(body) = &method.body {
        arguments.push(format!("body: {}", written(body)));
        sent.push("body");
    }
    if !method.query.is_empty() {
        arguments.push(query(&method.query));
        sent.push("query");
    }
    let answer = method
        .answer
        .as_ref()
        .map_or_else(|| "void".to_owned(), written);
    let sent = match sent.is_empty() {
        true => String::new(),
        false => format!(", {{ {} }}", sent.join(", ")),
    };
    let _ = writeln!(
        text,
        "  {}({}): Promise<{answer}> {{\n    return this.call(\"{}\", `{}`, {}{sent});\n  }}",
        camel(method.row.name),
        arguments.join(", "),
        method.row.method.to_uppercase(),
        filled(method.row.path),
        credential(method.credential),
    );
    text
}

/// The argument that holds the query: an object, which may be left out when nothing in it is needed.
fn query(members: &[Member<'_>]) -> String {
    let mut text = "query: {\n".to_owned();
    for member in members {
        comment(&mut text, "    ", member.about);
        let optional = if member.is_required {
            ""
        } else {
            " | undefined"
        };
        let _ = writeln!(text, "    {}{optional};", declared(member));
    }
    let is_needed = members.iter().any(|member| member.is_required);
    text.push_str(if is_needed { "  }" } else { "  } = {}" });
    text
}

const fn credential(credential: Credential) -> &'static str {
    match credential {
        Credential::None => "null",
        Credential::Token => "\"token\"",
        Credential::Client => "\"client\"",
        Credential::Session => "\"session\"",
        Credential::AdminKey => "\"adminKey\"",
    }
}

fn declared(member: &Member<'_>) -> String {
    let mark = if member.is_required { "" } else { "?" };
    format!("{}{mark}: {}", member.name, written(&member.of))
}

fn written(of: &Type) -> String {
    let joined = |each: Vec<String>| each.join(" | ");
    match of {
        Type::Named(name) => name.clone(),
        Type::Words(words) => joined(words.iter().map(|word| format!("{word:?}")).collect()),
        Type::Text => "string".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Null => "null".to_owned(),
        Type::List(of) => match **of {
            Type::Words(_) | Type::OneOf(_) => format!("({})[]", written(of)),
            _ => format!("{}[]", written(of)),
        },
        Type::Map(of) => format!("Record<string, {}>", written(of)),
        Type::Object => "Record<string, unknown>".to_owned(),
        Type::OneOf(each) => joined(each.iter().map(written).collect()),
    }
}

/// `/a/{b}` as the inside of a template literal.
fn filled(path: &str) -> String {
    path.replace('{', "${segment(").replace('}', ")}")
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (start, rest) = word.split_at(1);
        text + &start.to_ascii_uppercase() + rest
    })
}

fn comment(text: &mut String, indent: &str, about: &str) {
    if !about.is_empty() {
        let line = about.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "{indent}/** {} */", line.replace("*/", "* /"));
    }
}
