//! Files that try to make FFmpeg read a neighbour's file or call somebody: refused, nothing read, nobody called.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::id;
use reelmill_tests::{Setup, clips, wait::secs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, UdpSocket};

/// A listener of this machine that counts who calls.
struct Bait {
    port: u16,
    calls: Arc<AtomicUsize>,
}

impl Bait {
    async fn set() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        // The same port for datagrams: RTP comes that way.
        let datagrams = UdpSocket::bind(("127.0.0.1", port)).await?;
        let calls = Arc::new(AtomicUsize::new(0));
        let (tcp, udp) = (calls.clone(), calls.clone());
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                tcp.fetch_add(1, Ordering::SeqCst);
            }
        });
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            while datagrams.recv(&mut buffer).await.is_ok() {
                udp.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self { port, calls })
    }
}

#[tokio::test]
async fn a_file_that_points_elsewhere_is_refused() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let bait = Bait::set().await?;
    let dir = tempfile::tempdir()?;
    // A real film: if it were followed, there would be an output.
    let neighbour = dir.path().join("neighbour.mp4");
    std::fs::copy(clips::bunny(), &neighbour)?;
    let neighbour = neighbour.to_string_lossy().into_owned();
    let web = format!("http://127.0.0.1:{}/x.mp4", bait.port);

    let dash = |url: &str| {
        format!(
            r#"<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT5S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" width="1280" height="720" codecs="avc1.64001f"><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>"#
        )
    };
    let hls = |url: &str| {
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n"
        )
    };
    let concat = |url: &str| format!("ffconcat version 1.0\nfile '{url}'\n");
    let sdp = format!(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        bait.port
    );
    let svg = |url: &str| {
        format!(
            r#"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="640" height="480"><image xlink:href="{url}" width="640" height="480"/></svg>"#
        )
    };
    let image_list = "neighbour%03d.png".to_owned();
    let file_url = format!("file://{neighbour}");

    let mut tried = 0;
    for (what, text) in [
        ("DASH to a file", dash(&file_url)),
        ("DASH to a bare path", dash(&neighbour)),
        ("DASH to the network", dash(&web)),
        ("HLS to a file", hls(&neighbour)),
        ("HLS to a file URL", hls(&file_url)),
        ("HLS to the network", hls(&web)),
        ("HLS through crypto", hls(&format!("crypto:{neighbour}"))),
        ("ffconcat to a file", concat(&neighbour)),
        ("ffconcat to the network", concat(&web)),
        ("SDP", sdp),
        ("SVG to a file", svg(&file_url)),
        ("SVG to the network", svg(&web)),
        ("an image pattern", image_list),
        ("an ffmetadata file", ";FFMETADATA1\ntitle=x\n".to_owned()),
        (
            "a subtitle alone",
            "1\n00:00:00,000 --> 00:00:05,000\nHello\n".to_owned(),
        ),
    ] {
        for name in ["film.mp4", "film.mkv"] {
            let upload = api.upload(name, text.clone().into_bytes()).await?;
            let job = api
                .submit(&upload, &["mkv", "audio-mp3", "thumbnails"])
                .await?;
            let job = api.ended(&id(&job)?, secs(60)).await.context(what)?;
            ensure!(job["state"] == "failed", "{what} as {name}: {job:#}");
            let told = job.to_string();
            ensure!(
                !told.contains(&neighbour),
                "{what}: the answer tells of the neighbour: {job:#}"
            );
            ensure!(
                job["source"]["media"].is_null(),
                "{what}: something was read: {job:#}"
            );
            tried += 1;
        }
    }
    ensure!(
        tried == 30 && bait.calls.load(Ordering::SeqCst) == 0,
        "somebody was called"
    );
    server.finish().await
}
