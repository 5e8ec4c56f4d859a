//! `GET /assets/*`: the static files, cached for good when they are asked for by their fingerprint.

use gitflare_core::{Code, Error};
use http::{HeaderValue, StatusCode, header};

use super::super::{exchange::Exchange, pages::assets, refusal::Refusal, reply::Reply};

/// `GET /assets/*`
pub(crate) async fn serve(x: Exchange) -> Result<Reply, Refusal> {
    let Some((file, print)) = assets::find(x.path()) else {
        return Err(Error::new(Code::ResourceNotFound, "There is no such file.").into());
    };
    let cache = if x.raw_query() == Some(print.version.as_str()) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut headers = vec![(header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    if let Ok(etag) = HeaderValue::from_str(&print.etag) {
        headers.push((header::ETAG, etag));
    }
    if file.content_type == "image/svg+xml" {
        // Opened by itself it is a document.
        headers.push((
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ));
    }
    let is_known = x
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == print.etag);
    if is_known {
        return Ok(Reply {
            status: StatusCode::NOT_MODIFIED,
            content_type: None,
            body: Vec::new(),
            headers,
        });
    }
    Ok(Reply {
        status: StatusCode::OK,
        content_type: Some(file.content_type),
        body: file.text.as_bytes().to_vec(),
        headers,
    })
}
