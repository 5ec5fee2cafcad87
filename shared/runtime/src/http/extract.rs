//! Strict extractors: what doesn't fit is refused with a problem that names the field. Never a plain-text rejection.

use super::ApiProblem;
use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Request,
        path::ErrorKind,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value};

/// Largest JSON body, in bytes.
pub const JSON_LIMIT: usize = 1024 * 1024;

/// A JSON body in, or out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            return Err(ApiProblem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send the body as JSON, with `Content-Type: application/json`",
            ));
        }
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection| match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => ApiProblem::too_large(
                        "body_too_large",
                        format!("a JSON body may have {JSON_LIMIT} bytes at most"),
                    ),
                    _ => ApiProblem::bad_request("body_broken_off", "the body broke off"),
                })?;
        parse_json(&body).map(Self)
    }
}

/// Parses a JSON object strictly: 400 `malformed_json`; 422 `unknown_field`, `missing_field` or `invalid_field`, with the field's path.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiProblem> {
    if !body.trim_ascii_start().starts_with(b"{") {
        // serde would take an array for a struct, field by field.
        serde_json::from_slice::<IgnoredAny>(body).map_err(|error| malformed(&error))?;
        return Err(ApiProblem::unprocessable(
            "invalid_field",
            "the body must be a JSON object",
        ));
    }
    let mut object: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    object.values_mut().for_each(make_whole);
    from_value(Value::Object(object))
}

/// To JSON, `9.0` is a whole number as `9` is; to serde it isn't.
fn make_whole(value: &mut Value) {
    // Below 2^53 every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(number) = value.as_f64().filter(|_| value.is_f64())
        && number.fract() == 0.0
        && number.abs() < EXACT
    {
        *value = Value::from(number as i64);
    }
}

/// The same strictness for JSON that is read already.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ApiProblem> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| of_data(&error.path().to_string(), &error.inner().to_string()))
}

fn malformed(error: &serde_json::Error) -> ApiProblem {
    ApiProblem::bad_request("malformed_json", format!("the body is not JSON: {error}"))
}

/// serde says which field is unknown or missing only in words: `unknown field `x`, expected …`.
fn of_data(path: &str, words: &str) -> ApiProblem {
    let named = words.split('`').nth(1).unwrap_or_default();
    let (code, field) = if words.starts_with("unknown field") {
        ("unknown_field", within(path, named))
    } else if words.starts_with("missing field") {
        ("missing_field", within(path, named))
    } else {
        ("invalid_field", path.to_owned())
    };
    let problem = ApiProblem::unprocessable(code, words);
    match field.as_str() {
        "." | "" => problem,
        _ => problem.field(field),
    }
}

/// `name` inside `path`, whether or not the path ends in it already.
fn within(path: &str, name: &str) -> String {
    match path {
        "." | "" => name.to_owned(),
        _ if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase())
        .is_some_and(|kind| {
            kind == "application/json"
                || (kind.starts_with("application/") && kind.ends_with("+json"))
        })
}

/// Captures of the path. What can't be an id names nothing: 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(of_path)
    }
}

fn of_path(rejection: PathRejection) -> ApiProblem {
    if let PathRejection::FailedToDeserializePathParams(error) = &rejection {
        return match error.kind() {
            ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. } => {
                ApiProblem::internal("reading the path", &rejection)
            }
            _ => ApiProblem::not_found("there is nothing at this address"),
        };
    }
    ApiProblem::internal("reading the path", &rejection)
}

/// The query string. Unknown parameters are refused when `T` denies unknown fields.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection: QueryRejection| {
                // axum's words: `Failed to deserialize query string: limit: invalid digit found in string`
                let words = rejection.body_text();
                let words = words
                    .split_once(": ")
                    .map_or(words.as_str(), |(_, rest)| rest);
                let field = words.split_once(": ").map(|(path, _)| path.to_owned());
                let problem =
                    ApiProblem::unprocessable("invalid_query", format!("the query: {words}"));
                match field {
                    Some(field) => problem.field(field),
                    None => problem,
                }
            })
    }
}
