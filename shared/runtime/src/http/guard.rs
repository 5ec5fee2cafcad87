//! On loopback, without keys, the browser is the enemy's hand: DNS rebinding (a foreign `Host`) and cross-site forms
//! (a foreign `Origin`) are refused before anything is routed or read.

use super::{ApiProblem, HttpSettings};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Middleware.
pub(super) async fn check(
    State(settings): State<Arc<HttpSettings>>,
    request: Request,
    next: Next,
) -> Response {
    if settings.is_loopback()
        && let Err(problem) = judge(&settings, &request)
    {
        return problem.into_response();
    }
    next.run(request).await
}

fn judge(settings: &HttpSettings, request: &Request) -> Result<(), ApiProblem> {
    let headers = request.headers();
    // HTTP/2 carries it in the URI; HTTP/1.0 may have none, but no browser speaks that.
    let authority = request.uri().authority().map(|a| a.as_str().to_owned());
    for host in texts(headers, header::HOST).chain(authority) {
        if !settings.is_own_authority(&host) {
            return Err(ApiProblem::new(
                StatusCode::FORBIDDEN,
                "foreign_host",
                format!(
                    "`{host}` is not a name of this service; use http://{} or set http.public_url",
                    settings.listen
                ),
            ));
        }
    }
    for origin in texts(headers, header::ORIGIN) {
        let own = origin.split_once("://").is_some_and(|(scheme, authority)| {
            matches!(scheme, "http" | "https") && settings.is_own_authority(authority)
        });
        if !own && !settings.allows_origin(&origin) {
            return Err(foreign_origin(&format!("pages of `{origin}`")));
        }
    }
    // An old-fashioned form may come without `Origin`; the browser still says where it comes from.
    let cross_site = texts(headers, header::HeaderName::from_static("sec-fetch-site"))
        .any(|site| site == "cross-site");
    if cross_site && !request.method().is_safe() && !headers.contains_key(header::ORIGIN) {
        return Err(foreign_origin("other sites"));
    }
    Ok(())
}

/// Every value of a header; what isn't text can't be one of ours and is shown as such.
fn texts(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = String> {
    headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn foreign_origin(who: &str) -> ApiProblem {
    ApiProblem::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        format!("{who} may not use this service; add the origin to http.cors_origins to let it in"),
    )
}
