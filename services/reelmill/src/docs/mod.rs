//! The API's description: `/api/openapi.json` for programs, `/docs` for people. Needs no outside host and no script.

mod html;
mod operations;
mod schemas;

use axum::{
    Router,
    http::header,
    response::{Html, IntoResponse},
    routing::get,
};
use reelmill_domain::api::Problem;
use serde_json::Value;
use std::sync::Arc;
use utoipa::OpenApi;

/// What is said of the API as a whole. Paths and schemas come with the routers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Reelmill",
        description = "Turns any video into every format its owner asked for. Errors are RFC 9457 problems \
            (`application/problem+json`) with a stable `code`; times are RFC 3339 in UTC; ids are UUIDv7; lists go on by \
            `next_cursor`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        version = env!("CARGO_PKG_VERSION"),
    ),
    components(schemas(Problem))
)]
pub struct Description;

/// The shortest way from a film to its outputs.
const WALK: &str = include_str!("walk.html");

/// The routes that show this description.
pub fn router(description: utoipa::openapi::OpenApi) -> anyhow::Result<Router> {
    // Straight from its type, which keeps the order that people expect: `openapi`, `info`, `paths`, …
    let json: Arc<str> = serde_json::to_string(&description)?.into();
    let page: Arc<str> = page(&serde_json::to_value(description)?).into();
    Ok(Router::new()
        .route(
            "/api/openapi.json",
            get(move || async move {
                (
                    [(header::CONTENT_TYPE, "application/json")],
                    json.to_string(),
                )
            }),
        )
        .route("/docs", get(move || async move { Html(page.to_string()) }))
        .route("/docs/style.css", get(style)))
}

async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        include_str!("style.css"),
    )
}

/// The whole page.
fn page(description: &Value) -> String {
    let info = &description["info"];
    let title = html::escape(html::text(&info["title"]));
    let operations = operations::all(description);
    let contents: String = operations.iter().map(operations::Operation::link).collect();
    let sections: String = operations
        .iter()
        .map(operations::Operation::section)
        .collect();
    let schemas = schemas::sections(&description["components"]["schemas"]);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} API</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>\
         <nav><a class=\"home\" href=\"/\">{title}</a><ul>{contents}<li><a href=\"#schemas\">Schemas</a></li></ul></nav>\
         <main><h1>{title} API <small>{version}</small></h1><p>{about}</p>\
         <p>For programs: <a href=\"/api/openapi.json\">/api/openapi.json</a></p>\
         {walk}{sections}<h2 id=\"schemas\">Schemas</h2>{schemas}</main></body></html>",
        walk = WALK,
        version = html::escape(html::text(&info["version"])),
        about = html::prose(html::text(&info["description"])),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_operations_and_schemas_and_escapes() {
        let description = serde_json::json!({
            "info": {"title": "T", "version": "1", "description": "a <b> `c`"},
            "paths": {"/x/{id}": {"get": {
                "summary": "Looks <up>",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "Found", "content":
                    {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
            }}},
            "components": {"schemas": {"Thing": {"type": "object", "description": "A thing", "required": ["n"],
                "properties": {"n": {"type": "integer", "description": "How many"}, "m": {"type": ["string", "null"]}}}}}
        });
        let page = page(&description);
        for part in [
            "a &lt;b&gt; <code>c</code>",
            "Looks &lt;up&gt;",
            "<a href=\"#Thing\">Thing</a>",
            "id=\"Thing\"",
            "How many",
            "string or null",
        ] {
            assert!(page.contains(part), "{page} lacks {part}");
        }
        assert!(!page.contains("<b>") && !page.contains("http"), "{page}");
    }
}
