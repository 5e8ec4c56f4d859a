//! `gitflare openapi --typescript` and `--python`: one small typed client each, made of the OpenAPI
//! document. What waits, repeats and pages is written by hand in `head.ts` and `head.py`; types and
//! methods follow from the document. The same document gives the same text, byte for byte.

mod model;
mod names;
mod python;
mod typescript;

use serde_json::Value;

use model::Api;

/// The client in TypeScript, over `fetch`.
pub(crate) fn typescript(document: &Value) -> String {
    typescript::write(&Api::of(document))
}

/// The client in Python, over the standard library.
pub(crate) fn python(document: &Value) -> String {
    python::write(&Api::of(document))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::ROUTES, document},
        names::NAMES,
        *,
    };
    use crate::http::Access;

    #[test]
    fn every_read_has_a_method_and_every_method_a_route() {
        let document = document("https://api.example", ROUTES.iter());
        for row in NAMES {
            let operation = &document["paths"][row.path][row.method];
            assert!(operation.is_object(), "{} {}", row.method, row.path);
        }
        for route in ROUTES {
            if matches!(route.access, Access::AccessToken(Some(_))) {
                let method = route.method.as_str().to_ascii_lowercase();
                let path = super::super::braced(route.template());
                let is_named = NAMES
                    .iter()
                    .any(|row| row.method == method && row.path == path);
                assert!(is_named, "{method} {path} has no name in clients/names.rs");
            }
        }
    }

    #[test]
    fn the_same_document_gives_the_same_client_wherever_the_server_is() {
        let [here, there] =
            ["https://a.example", "https://b.example"].map(|url| document(url, ROUTES.iter()));
        assert_eq!(typescript(&here), typescript(&there));
        assert_eq!(python(&here), python(&there));
        for text in [typescript(&here), python(&here)] {
            assert!(!text.contains("@TYPES@") && !text.contains("@METHODS@"));
            assert!(text.ends_with('\n') && !text.contains(" \n"));
        }
    }
}
