//! The document as a client sees it: methods with their arguments, and the types that they name. It
//! knows no language, and only those forms of JSON Schema that the document has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::{NAMES, Name};

/// What a client is written of.
pub(super) struct Api<'d> {
    /// Every type that a method needs, by name.
    pub(super) types: BTreeMap<String, Named<'d>>,
    pub(super) methods: Vec<Method<'d>>,
}

/// A type with a name.
pub(super) struct Named<'d> {
    pub(super) about: &'d str,
    pub(super) is: Is<'d>,
}

/// What a named type is.
pub(super) enum Is<'d> {
    /// An object with these members.
    Object(Vec<Member<'d>>),
    /// Another word for this.
    Alias(Type),
}

/// A member of an object, or an argument of a method.
pub(super) struct Member<'d> {
    /// Its name on the wire.
    pub(super) name: &'d str,
    pub(super) about: &'d str,
    pub(super) is_required: bool,
    pub(super) of: Type,
}

/// The type of a value.
pub(super) enum Type {
    Named(String),
    /// One of these words.
    Words(Vec<String>),
    Text,
    Integer,
    Number,
    Boolean,
    Null,
    List(Box<Self>),
    /// An object whose members all have this type.
    Map(Box<Self>),
    Object,
    OneOf(Vec<Self>),
}

/// Which of a client's credentials a call is made with.
#[derive(Clone, Copy)]
pub(super) enum Credential {
    None,
    Token,
    Client,
    Session,
    AdminKey,
}

/// An operation.
pub(super) struct Method<'d> {
    pub(super) row: &'static Name,
    pub(super) about: &'d str,
    pub(super) scope: Option<&'d str>,
    pub(super) credential: Credential,
    pub(super) in_path: Vec<Member<'d>>,
    pub(super) query: Vec<Member<'d>>,
    pub(super) body: Option<Type>,
    /// `None` for an answer without a body.
    pub(super) answer: Option<Type>,
}

impl<'d> Api<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        let mut reader = Reader {
            schemas: &document["components"]["schemas"],
            types: BTreeMap::new(),
        };
        // Errors are read by what is written by hand.
        reader.reference("ErrorDetail");
        reader.reference("PageInfo");
        let methods = NAMES
            .iter()
            .map(|row| reader.method(row, &document["paths"][row.path][row.method]))
            .collect();
        let types = reader.types;
        Self { types, methods }
    }
}

/// Collects the types that are met.
struct Reader<'d> {
    schemas: &'d Value,
    types: BTreeMap<String, Named<'d>>,
}

impl<'d> Reader<'d> {
    fn method(&mut self, row: &'static Name, operation: &'d Value) -> Method<'d> {
        let parameters = operation["parameters"].as_array();
        let mut of_kind = |kind: &str| {
            let found = parameters.into_iter().flatten();
            let found = found.filter(|parameter| parameter["in"] == kind);
            found
                .map(|parameter| Member {
                    name: text(&parameter["name"]),
                    about: about(parameter),
                    is_required: parameter["required"] == true,
                    of: self.of(&parameter["schema"], ""),
                })
                .collect()
        };
        let (in_path, query) = (of_kind("path"), of_kind("query"));
        let json = |content: &'d Value| &content["content"]["application/json"]["schema"];
        let body = json(&operation["requestBody"]);
        let answers = operation["responses"].as_object();
        let answer = answers.into_iter().flatten().find_map(|(status, answer)| {
            let schema = json(answer);
            (status.starts_with('2') && schema.is_object()).then_some(schema)
        });
        let name = format!("{}Answer", pascal(row.name));
        let (credential, scope) = credential(&operation["security"]);
        Method {
            row,
            about: text(&operation["summary"]),
            scope,
            credential,
            in_path,
            query,
            body: body.is_object().then(|| self.of(body, "")),
            answer: answer.map(|schema| self.of(schema, &name)),
        }
    }

    /// The type of a schema. An object that has no name of its own gets this one.
    fn of(&mut self, schema: &'d Value, name: &str) -> Type {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.reference(reference.rsplit('/').next().unwrap_or_default());
        }
        if let Some(words) = schema["enum"].as_array() {
            let named = words.iter().filter_map(Value::as_str).map(str::to_owned);
            let named = Type::Words(named.collect());
            return match words.iter().any(Value::is_null) {
                true => Type::OneOf(vec![named, Type::Null]),
                false => named,
            };
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let each = any.iter().enumerate();
            let each = each.map(|(at, schema)| self.of(schema, &format!("{name}{}", at + 1)));
            return Type::OneOf(each.collect());
        }
        match &schema["type"] {
            Value::Array(types) => {
                let each = types.iter();
                let each = each.map(|of| self.simple(text(of), schema, name));
                Type::OneOf(each.collect())
            }
            of => self.simple(text(of), schema, name),
        }
    }

    fn simple(&mut self, of: &str, schema: &'d Value, name: &str) -> Type {
        match of {
            "string" => Type::Text,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "boolean" => Type::Boolean,
            "null" => Type::Null,
            "array" => Type::List(Box::new(self.of(&schema["items"], name))),
            _ if schema["properties"].is_object() => {
                let object = self.object(schema, name);
                self.types.insert(name.to_owned(), object);
                Type::Named(name.to_owned())
            }
            _ if schema["additionalProperties"].is_object() => {
                Type::Map(Box::new(self.of(&schema["additionalProperties"], name)))
            }
            _ => Type::Object,
        }
    }

    /// The schema of that name, read when it is met for the first time.
    fn reference(&mut self, name: &str) -> Type {
        let named = || Type::Named(name.to_owned());
        if self.types.contains_key(name) {
            return named();
        }
        let schemas = self.schemas;
        let schema = &schemas[name];
        // Known before its members are read, one of which may be of the same type.
        let about = about(schema);
        let unread = Is::Alias(Type::Object);
        let unread = Named { about, is: unread };
        self.types.insert(name.to_owned(), unread);
        let read = match schema["properties"].is_object() {
            true => self.object(schema, name),
            false => Named {
                about,
                is: Is::Alias(self.of(schema, name)),
            },
        };
        self.types.insert(name.to_owned(), read);
        named()
    }

    fn object(&mut self, schema: &'d Value, name: &str) -> Named<'d> {
        let members = schema["properties"].as_object().into_iter().flatten();
        let required = schema["required"].as_array();
        let members = members.map(|(member, of)| Member {
            name: member,
            about: about(of),
            is_required: required.is_some_and(|names| names.iter().any(|it| it == member)),
            of: self.of(of, &format!("{name}{}", pascal(member))),
        });
        let is = Is::Object(members.collect());
        let about = about(schema);
        Named { about, is }
    }
}

/// The first credential that an operation takes, and the scope that it needs.
fn credential(security: &Value) -> (Credential, Option<&str>) {
    let first = security.get(0).and_then(Value::as_object);
    let Some((name, scopes)) = first.and_then(|it| it.iter().next()) else {
        return (Credential::None, None);
    };
    let credential = match name.as_str() {
        "accessToken" => Credential::Token,
        "client" => Credential::Client,
        "userSession" => Credential::Session,
        _ => Credential::AdminKey,
    };
    (credential, scopes.get(0).and_then(Value::as_str))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The first paragraph of a description.
fn about(schema: &Value) -> &str {
    let whole = text(&schema["description"]);
    whole.split("\n\n").next().unwrap_or_default().trim()
}

/// `pull_requests` or `pull-requests` as `PullRequests`; capitals inside stay.
fn pascal(name: &str) -> String {
    let words = name.split(['_', '-']);
    words
        .map(|word| {
            let first = word.chars().next().map(|c| c.to_ascii_uppercase());
            first
                .into_iter()
                .chain(word.chars().skip(1))
                .collect::<String>()
        })
        .collect()
}
