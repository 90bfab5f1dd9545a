//! The browser client: static files, bound as `ASSETS`.

use worker::{Headers, Request, RequestInit, Response, Result};

use crate::request_context::RequestContext;

/// Names of built files carry a hash of their content, so a week is safe (features M1).
const HASHED: &str = "public, max-age=604800, immutable";

/// Pages name the hashed files and have to be asked for each time.
const PAGE: &str = "no-cache";

/// Serves a path; every page of the client is the one index page. What the browser has already is not sent again (304).
pub(crate) async fn serve(context: &RequestContext, request: &Request, path: &str) -> Result<Response> {
    let mut url = context.url.clone();
    url.set_query(None);
    url.set_path(path);
    let conditions = Headers::new();
    if let Some(tag) = request.headers().get("if-none-match")? {
        conditions.set("if-none-match", &tag)?;
    }
    let mut init = RequestInit::new();
    init.with_headers(conditions);
    let response = context.env.assets("ASSETS")?.fetch(url.as_str(), Some(init)).await?;
    let headers = Headers::new();
    for (name, value) in response.headers().entries() {
        headers.append(&name, &value)?;
    }
    let is_hashed = path.starts_with("/assets/") && matches!(response.status_code(), 200 | 304);
    headers.set("cache-control", if is_hashed { HASHED } else { PAGE })?;
    Ok(response.with_headers(headers))
}
