//! Files that are not what they are named, point elsewhere, or are broken. Refused in plain words, with nothing read.

use crate::support::{Lab, media};
use std::net::TcpListener;
use std::path::Path;

/// What the probe says of a file: its code and its words.
async fn refusal(lab: &Lab, file: &Path) -> (String, String) {
    let error = lab.probe(file).await.expect_err("not a source");
    assert!(error.is_permanent(), "{error}");
    (error.code().to_owned(), error.to_string())
}

#[tokio::test]
async fn what_points_elsewhere_is_refused_and_nothing_is_followed() {
    let lab = Lab::new();
    // Followed, these would be read or called: the pipe would hang the probe, the listener would see a visitor.
    let secret = lab.path("secret.mkv");
    let made = std::process::Command::new("mkfifo").arg(&secret).status();
    assert!(made.expect("mkfifo runs").success());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    let host = listener.local_addr().expect("bound").to_string();
    for target in ["secret.mkv".to_owned(), format!("http://{host}/a.ts")] {
        let scheme = |to: &str| to.replace('&', "&amp;");
        let files = [
            (
                "hls",
                format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n"),
            ),
            ("concat", format!("ffconcat version 1.0\nfile '{target}'\n")),
            (
                "dash",
                format!(
                    "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
                 mediaPresentationDuration=\"PT5S\" profiles=\"urn:mpeg:dash:profile:isoff-main:2011\"><Period>\
                 <AdaptationSet mimeType=\"video/mp4\"><Representation id=\"0\" bandwidth=\"1\"><BaseURL>{}</BaseURL>\
                 </Representation></AdaptationSet></Period></MPD>",
                    scheme(&target)
                ),
            ),
            (
                "sdp",
                format!(
                    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={target}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
                ),
            ),
            (
                "svg",
                format!(
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"9\" height=\"9\">\
                 <image xlink:href=\"{}\"/></svg>",
                    scheme(&target)
                ),
            ),
        ];
        for (kind, text) in files {
            let file = lab.write(&format!("{kind}.mp4"), text);
            let (code, words) = refusal(&lab, &file).await;
            assert_eq!(code, "format_refused", "{kind}: {words}");
            assert!(words.contains("points at other files"), "{kind}: {words}");
        }
    }
    let visitor = listener.accept().map(|(_, from)| from);
    assert_eq!(
        visitor.expect_err("nobody came").kind(),
        std::io::ErrorKind::WouldBlock
    );
}

#[tokio::test]
async fn what_is_no_media_is_said_to_be_none() {
    let lab = Lab::new();
    let png = lab.make("-f lavfi -i testsrc2=s=64x64 -frames:v 1", "picture.png");
    let renamed = lab.write("film.mp4", std::fs::read(png).expect("read"));
    let (code, words) = refusal(&lab, &renamed).await;
    assert_eq!(code, "not_media");
    assert!(words.contains("still picture"), "{words}");
    let noise: Vec<u8> = (0..100_000_u64)
        .map(|n| (n.wrapping_mul(6_364_136_223_846_793_005) >> 33) as u8)
        .collect();
    for (name, bytes) in [
        (
            "prose.mp4",
            "It was a dark and stormy night.\n".repeat(500).into_bytes(),
        ),
        ("short.mp4", b"hi".to_vec()),
        ("zip.mp4", [b"PK\x03\x04".as_slice(), &[0; 2000]].concat()),
        ("zeros.mp4", vec![0; 100_000]),
        ("noise.mp4", noise),
    ] {
        let file = lab.write(name, bytes);
        let (code, words) = refusal(&lab, &file).await;
        assert_eq!(code, "not_media", "{name}: {words}");
    }
    let empty = lab.write("empty.mp4", "");
    assert_eq!(refusal(&lab, &empty).await.0, "empty_file");
}

#[tokio::test]
async fn a_lying_extension_does_no_harm() {
    let lab = Lab::new();
    let bytes = std::fs::read(media("bigbuckbunny.mp4")).expect("read");
    let file = lab.write("film.mkv", bytes);
    let got = lab.probe(&file).await.expect("a film all the same");
    assert!(got.container.contains("mp4"));
}

#[tokio::test]
async fn a_film_without_its_index_is_incomplete() {
    let lab = Lab::new();
    let whole = lab.make(
        "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -c:v libx264",
        "whole.mp4",
    );
    let cut = lab.cut(&whole, 0.5, "cut.mp4");
    let (code, words) = refusal(&lab, &cut).await;
    assert_eq!(code, "incomplete_file");
    assert!(words.contains("index is missing"), "{words}");
}

#[tokio::test]
async fn odd_names_are_only_names() {
    let lab = Lab::new();
    let bytes = std::fs::read(media("bigbuckbunny.mp4")).expect("read");
    for name in [
        "-i.mp4",
        "%03d.mp4",
        "http:evil.mp4",
        "concat:a|b.mp4",
        "a b'c\"d\n.mp4",
    ] {
        let file = lab.write(name, &bytes);
        let got = lab
            .probe(&file)
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(got.video.is_some());
    }
}
