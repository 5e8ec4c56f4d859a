//! JSON schemas (feature `schemars`) of the types that write themselves as one text or number. The
//! resources derive theirs; what a schema says stands in their doc comments.

mod words;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use zeroize::Zeroize;

pub(crate) use words::one_of;

use crate::{
    CODES, Code, Limit, Scope, Scopes, Secret, Timestamp,
    provider::{ProviderId, ProviderKind},
};

macro_rules! written_as {
    ($($kind:ty, $name:literal => $schema:expr;)*) => {$(
        impl JsonSchema for $kind {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

written_as! {
    Timestamp, "Timestamp" => json_schema!({"type": "string", "format": "date-time"});
    ProviderId, "ProviderId" => json_schema!({"type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$"});
    ProviderKind, "ProviderKind" => json_schema!({"type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$"});
    Limit, "Limit" => json_schema!({"type": "integer", "minimum": 1, "maximum": Limit::MAX.get()});
    Scopes, "Scopes" => json_schema!({
        "type": "array",
        "items": one_of("A scope.", Scope::ALL.iter().map(|scope| scope.as_str())),
    });
    Scope, "Scope" => one_of("A scope.", Scope::ALL.iter().map(|scope| scope.as_str()));
    Code, "Code" => {
        let mut text = "What failed.\n".to_owned();
        for row in CODES {
            text += &format!("\n- `{}` ({}): {}", row.name, row.status, row.meaning);
        }
        one_of(&text, CODES.iter().map(|row| row.name))
    };
}

impl<T: Zeroize> JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "password"})
    }
}
