//! Films drawn for a test.

use std::{path::Path, process::Command};

/// A film with sound that an encoder is done with at once.
pub fn light(to: &Path) {
    draw("testsrc2=size=320x180:rate=25:duration=2", to);
}

/// A film that takes an encoder some seconds: noise.
pub fn heavy(to: &Path) {
    draw(
        "testsrc2=size=640x360:rate=25:duration=6,noise=alls=40:allf=t",
        to,
    );
}

fn draw(picture: &str, to: &Path) {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", picture])
        .args([
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:sample_rate=48000",
            "-shortest",
        ])
        .args(["-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .arg(to)
        .status()
        .unwrap();
    assert!(made.success());
}
