//! Channels, rates and copying of the sound.

use super::*;

#[test]
fn sound_is_mixed_down_as_recipe_and_encoder_ask() {
    let with = |encoder: &str, max: serde_json::Value| {
        inline(
            json!({"container": "mkv", "video": {"encoder": "libx264", "rate": {"crf": 20}},
            "audio": {"encoder": encoder, "bitrate_kbps": 192, "max_channels": max}}),
        )
    };
    let channels = |encoder: &str, max: serde_json::Value, source: u16| {
        encoded(&with(encoder, max), audio(source)).0
    };
    assert_eq!(channels("aac", json!(2), 6), 2);
    assert_eq!(channels("aac", json!(null), 6), 6);
    assert_eq!(channels("aac", json!(null), 1), 1);
    assert_eq!(channels("libmp3lame", json!(null), 6), 2);
    assert_eq!(channels("libopus", json!(null), 8), 8);
    assert_eq!(channels("libopus", json!(1), 2), 1);
    for (odd, made) in [(3, 2), (4, 2), (5, 2), (7, 6), (16, 8)] {
        assert_eq!(channels("libvorbis", json!(null), odd), made);
    }
}

#[test]
fn rates_of_sound_are_such_as_the_encoder_takes() {
    let with = |encoder: &str, kbps: u32| {
        inline(
            json!({"container": "mkv", "video": {"encoder": "libx264", "rate": {"crf": 20}},
            "audio": {"encoder": encoder, "bitrate_kbps": kbps}}),
        )
    };
    let at = |rate: u32| Audio {
        sample_rate: rate,
        ..audio(2)
    };
    assert_eq!(encoded(&with("libopus", 128), at(44_100)).1, 48_000);
    assert_eq!(encoded(&with("aac", 128), at(44_100)).1, 44_100);
    assert_eq!(encoded(&with("aac", 128), at(96_000)).1, 48_000);
    assert_eq!(encoded(&with("aac", 128), at(88_200)).1, 44_100);
    assert_eq!(encoded(&with("aac", 128), at(37_000)).1, 48_000);
    assert_eq!(encoded(&with("libmp3lame", 128), at(22_050)).1, 44_100);
    assert_eq!(encoded(&with("libvorbis", 128), at(8_000)).1, 48_000);
    assert_eq!(
        encoded(&with("libvorbis", 8), audio(2)).2,
        64,
        "it refuses less"
    );
    assert_eq!(encoded(&with("libvorbis", 480), audio(1)).2, 240);
    assert_eq!(encoded(&with("libopus", 510), audio(1)).2, 256);
    assert_eq!(encoded(&with("aac", 192), audio(6)).2, 480);
}

#[test]
fn sound_is_copied_where_the_container_can_hold_it() {
    let h265 = preset("mp4-h265");
    let codec = |codec: &str| Audio {
        codec: codec.into(),
        ..audio(6)
    };
    for held in ["aac", "ac3", "eac3", "mp3"] {
        assert!(is_copied(&sound(&h265, codec(held))), "{held}");
    }
    for other in ["vorbis", "pcm_s16le", "dts", "flac"] {
        assert!(!is_copied(&sound(&h265, codec(other))), "{other}");
    }
    let media = media(Some(video(640, 360)), Some(codec("ac3")));
    let expected = made(&h265, &media).1.audio.unwrap();
    assert_eq!((expected.codec.as_str(), expected.channels), ("ac3", 6));

    let torn = Media {
        damage: vec!["x".into()],
        ..media
    };
    let torn = made(&h265, &torn).0.audio.unwrap();
    assert!(!is_copied(&torn), "its damage would go on");

    let stereo = inline(
        json!({"container": "mp4", "video": {"encoder": "libx264", "rate": {"crf": 20}},
        "audio": {"encoder": "aac", "bitrate_kbps": 128, "max_channels": 2, "copy_if_possible": true}}),
    );
    assert!(!is_copied(&sound(&stereo, audio(6))));
    assert!(is_copied(&sound(&stereo, audio(2))));
}

#[test]
fn what_begins_late_is_not_copied_into_avi() {
    let avi = inline(
        json!({"container": "avi", "video": {"encoder": "mpeg4", "rate": {"quality": 4}},
        "audio": {"encoder": "libmp3lame", "bitrate_kbps": 128, "copy_if_possible": true}}),
    );
    let mp3 = Audio {
        codec: "mp3".into(),
        ..audio(2)
    };
    assert!(is_copied(&sound(&avi, mp3.clone())));
    let late = Audio {
        start_s: 0.5,
        ..mp3
    };
    assert!(!is_copied(&sound(&avi, late)));
}
