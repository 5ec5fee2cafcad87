//! What a media URL gives: ranges, validators, types, a name to save under; and never a partial file.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::clips::drawn;
use reelmill_tests::{Setup, wait::secs};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn a_published_file_can_be_sought_cached_and_saved() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let dir = tempfile::tempdir()?;
    let film = drawn(dir.path(), "My film — 電影.mp4", "320x180", 1.0).await?;
    let id = api.make(&film, &["mkv"]).await?;
    let job = api.ends(&id, "completed", secs(60)).await?;
    let url = api.url(output(&job, "mkv")?["url"].as_str().context("no url")?);
    let whole = api.download(&url).await?;
    let ask = async |method: Method,
                     header: Option<(&str, &str)>|
           -> Result<(StatusCode, HeaderMap, Vec<u8>)> {
        let mut request = api.http.request(method, &url);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok((status, headers, answer.bytes().await?.to_vec()))
    };

    let (status, headers, body) = ask(Method::HEAD, None).await?;
    ensure!(status == 200 && body.is_empty());
    ensure!(
        headers["content-length"] == whole.len().to_string().as_str(),
        "{headers:?}"
    );
    ensure!(headers["accept-ranges"] == "bytes" && headers["content-type"] == "video/x-matroska");
    ensure!(headers["x-content-type-options"] == "nosniff");
    let shown = headers["content-disposition"].to_str()?.to_owned();
    ensure!(shown.contains("filename"), "{shown}");
    let etag = headers["etag"].to_str()?.to_owned();

    let total = whole.len();
    for (range, from, to) in [
        ("bytes=0-99".to_owned(), 0, 100),
        (format!("bytes={}-", total - 10), total - 10, total),
        ("bytes=-7".to_owned(), total - 7, total),
        (format!("bytes=5-{}", total * 2), 5, total),
    ] {
        let (status, headers, body) = ask(Method::GET, Some(("range", &range))).await?;
        ensure!(
            status == 206 && body == whole[from..to],
            "{range}: {status}"
        );
        let told = format!("bytes {from}-{}/{total}", to - 1);
        ensure!(headers["content-range"] == told.as_str(), "{headers:?}");
    }
    let (status, headers, _) =
        ask(Method::GET, Some(("range", &format!("bytes={total}-")))).await?;
    ensure!(status == 416 && headers["content-range"] == format!("bytes */{total}").as_str());
    let (status, _, body) = ask(Method::GET, Some(("range", "lines=1-2"))).await?;
    ensure!(
        status == 200 && body == whole,
        "an unknown unit is to be ignored"
    );
    let (status, _, body) = ask(Method::GET, Some(("if-none-match", &etag))).await?;
    ensure!(status == 304 && body.is_empty(), "{status}");
    let answer = api
        .http
        .get(&url)
        .header("range", "bytes=0-9")
        .header("if-range", "\"other\"")
        .send()
        .await?;
    ensure!(
        answer.status() == 200,
        "an outdated If-Range wants the whole file"
    );
    let (status, _, _) = ask(Method::POST, None).await?;
    ensure!(status == 405, "{status}");
    let wrong = api.call(Method::GET, &format!("{url}x"), None).await?;
    ensure!(wrong.status == 404, "{}", wrong.status);
    server.finish().await
}
