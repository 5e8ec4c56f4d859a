//! The schemas of the document: one generator for what is read and one for what is written, since a
//! member may be left out of a request that every answer has.

use gitflare_core::{
    model::{
        Check, Comment, Deployment, Envelope, EventName, PullRequest, PushEvent, RefEvent, Release,
        Repository,
    },
    provider::Endpoint,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    super::bodies::{CanonicalBody, OauthErrorBody},
    answers,
    operations::Make,
};

/// Collects schemas and hands out references to them.
pub(super) struct Schemas {
    reading: SchemaGenerator,
    writing: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
            })
        };
        Self {
            reading: settings().for_deserialize().into_generator(),
            writing: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of a request.
    pub(super) fn read(&mut self, make: Make) -> Value {
        plain(make(&mut self.reading).to_value())
    }

    /// The schema of an answer.
    pub(super) fn write(&mut self, make: Make) -> Value {
        plain(make(&mut self.writing).to_value())
    }

    /// The schema of a unified read's answer.
    pub(super) fn unified(&mut self, endpoint: Endpoint) -> Value {
        plain(answers::unified(endpoint, &mut self.writing).to_value())
    }

    pub(super) fn error(&mut self) -> Value {
        self.write(SchemaGenerator::subschema_for::<CanonicalBody<'static>>)
    }

    pub(super) fn oauth_error(&mut self) -> Value {
        self.write(SchemaGenerator::subschema_for::<OauthErrorBody<'static>>)
    }

    /// The body of a delivery of this event: the envelope with the data of its kind.
    pub(super) fn delivery(&mut self, event: EventName) -> Value {
        let data: Make = match event {
            EventName::Push => |it| it.subschema_for::<PushEvent>(),
            EventName::BranchCreated
            | EventName::BranchDeleted
            | EventName::TagCreated
            | EventName::TagDeleted => |it| it.subschema_for::<RefEvent>(),
            EventName::PullRequest => |it| it.subschema_for::<PullRequest>(),
            EventName::Comment => |it| it.subschema_for::<Comment>(),
            EventName::Release => |it| it.subschema_for::<Release>(),
            EventName::Check => |it| it.subschema_for::<Check>(),
            EventName::Deployment => |it| it.subschema_for::<Deployment>(),
            EventName::Repository => |it| it.subschema_for::<Repository>(),
            // Core's next event: the tests over all of them ask for its data here.
            _ => |it| it.subschema_for::<serde_json::Value>(),
        };
        let data = self.write(data);
        let envelope: Make = |it| <Envelope<'static> as schemars::JsonSchema>::json_schema(it);
        let mut envelope = self.write(envelope);
        envelope["properties"]["data"] = data;
        envelope["properties"]["type"] = json!({
            "type": "string",
            "enum": [event.as_str()],
            "description": "The kind of event.",
        });
        envelope
    }

    /// Every named schema.
    pub(super) fn finish(mut self) -> Value {
        let mut schemas: Map<String, Value> = self.writing.take_definitions(true);
        for (name, schema) in self.reading.take_definitions(true) {
            schemas.entry(name).or_insert(schema);
        }
        // The body of a delivery is written out for each event.
        schemas.remove("EventData");
        plain(Value::Object(schemas))
    }
}

/// Schemas as readers of an API want them: `null` for Rust's `None`, no links into Rust, and one
/// list of words where a Rust enum has a schema for each variant.
fn plain(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if let Some(words) = words_of(members) {
                members.remove("oneOf");
                members.insert("type".to_owned(), "string".into());
                members.insert("enum".to_owned(), words);
            }
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = text
                    .replace("`None`", "`null`")
                    .replace("[`", "`")
                    .replace("`]", "`");
            }
            for value in members.values_mut() {
                *value = plain(value.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = plain(item.take());
            }
        }
        _ => {}
    }
    schema
}

/// The words of an enum whose variants are one constant each.
fn words_of(members: &Map<String, Value>) -> Option<Value> {
    let variants = members.get("oneOf")?.as_array()?;
    let words: Vec<_> = variants.iter().filter_map(|it| it.get("const")).collect();
    (words.len() == variants.len()).then(|| json!(words))
}
