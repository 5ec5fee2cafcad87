//! Without keys the browser is the enemy's hand: DNS rebinding (a foreign `Host`, on loopback) and cross-site forms and
//! scripts (a foreign `Origin`) are refused before anything is routed or read.

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
    match judge(&settings, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn judge(settings: &HttpSettings, request: &Request) -> Result<(), ApiProblem> {
    let headers = request.headers();
    // HTTP/2 carries it in the URI; HTTP/1.0 may have none, but no browser speaks that.
    let authority = request.uri().authority().map(|a| a.as_str().to_owned());
    let hosts: Vec<String> = texts(headers, header::HOST).chain(authority).collect();
    // Elsewhere the names that people give this service can't be known.
    if settings.is_loopback() {
        own_hosts(settings, &hosts)?;
    }
    // Whoever only looks is stopped by the browser itself; on loopback nobody else has any business here.
    if settings.is_loopback() || !request.method().is_safe() {
        own_origins(settings, headers, &hosts)?;
    }
    // An old-fashioned form may come without `Origin`; the browser still says where it comes from.
    let cross_site = texts(headers, header::HeaderName::from_static("sec-fetch-site"))
        .any(|site| site == "cross-site");
    if cross_site && !request.method().is_safe() && !headers.contains_key(header::ORIGIN) {
        return Err(foreign_origin("other sites"));
    }
    Ok(())
}

fn own_hosts(settings: &HttpSettings, hosts: &[String]) -> Result<(), ApiProblem> {
    match hosts.iter().find(|host| !settings.is_own_authority(host)) {
        None => Ok(()),
        Some(host) => Err(ApiProblem::new(
            StatusCode::FORBIDDEN,
            "foreign_host",
            format!(
                "`{host}` is not a name of this service; use http://{} or set http.public_url",
                settings.listen
            ),
        )),
    }
}

/// Our own page is served by the very host and port that it calls, or by the public URL. Another program's page on this
/// machine has another port.
fn own_origins(
    settings: &HttpSettings,
    headers: &HeaderMap,
    hosts: &[String],
) -> Result<(), ApiProblem> {
    for origin in texts(headers, header::ORIGIN) {
        let served_here = origin.split_once("://").is_some_and(|(scheme, authority)| {
            matches!(scheme, "http" | "https")
                && hosts
                    .iter()
                    .any(|host| host.eq_ignore_ascii_case(authority))
        });
        if !served_here && !settings.is_public(&origin) && !settings.allows_origin(&origin) {
            return Err(foreign_origin(&format!("pages of `{origin}`")));
        }
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
