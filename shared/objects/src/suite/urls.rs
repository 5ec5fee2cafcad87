//! What URLs promise, in a store that has them: they give the object to whoever asks, whole or in ranges, and no other.

use super::pattern;
use crate::ObjectStore;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

const TTL: Duration = Duration::from_secs(60);

/// Asks as the simplest of clients does. Returns status and body.
async fn get(url: &Url, range: Option<&str>) -> (u16, Vec<u8>) {
    assert_eq!(url.scheme(), "http", "test servers speak without TLS");
    let (host, port) = (
        url.host_str().unwrap(),
        url.port_or_known_default().unwrap(),
    );
    let range = range.map_or(String::new(), |r| format!("Range: bytes={r}\r\n"));
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n{range}\r\n");
    let mut server = TcpStream::connect((host, port)).await.unwrap();
    server.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_off(end + 4))
}

/// A URL gives the object, and ranges of it, to one who has nothing else.
pub async fn a_url_gives_the_object(store: Arc<dyn ObjectStore>) {
    let data = pattern(300_000, 1);
    let key = "outputs/1/2/big.buck_bunny-1.webm";
    store.put_bytes(key, data.clone().into()).await.unwrap();
    let Some(url) = store.presign(key, TTL).await.unwrap() else {
        return;
    };
    let (status, body) = get(&url, None).await;
    assert_eq!(
        status,
        200,
        "{}",
        String::from_utf8_lossy(&body[..body.len().min(500)])
    );
    assert!(body == data, "the bytes differ");
    let (status, body) = get(&url, Some("1000-200999")).await;
    assert_eq!(status, 206);
    assert!(body == data[1000..201_000], "the range differs");
}

/// A URL of what is not there gives nothing, until it is there.
pub async fn a_url_of_nothing_gives_nothing(store: Arc<dyn ObjectStore>) {
    let Some(url) = store.presign("later", TTL).await.unwrap() else {
        return;
    };
    assert_eq!(get(&url, None).await.0, 404);
    store
        .put_bytes("later", pattern(10, 2).into())
        .await
        .unwrap();
    assert_eq!(get(&url, None).await, (200, pattern(10, 2)));
}
