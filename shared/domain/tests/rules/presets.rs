//! The shipped presets, what is refused and how it is said, and the names of outputs.

use reelmill_domain::preset::{
    AudioEncoder, Kind, NOT_YET, Preset, PresetError, VideoEncoder, by_name, file_names, presets,
    unavailable_reason,
};
use reelmill_domain::worker::Abilities;
use serde_json::json;

fn inline(value: serde_json::Value) -> Result<Preset, PresetError> {
    let serde_json::Value::Object(object) = value else {
        panic!("not an object");
    };
    Preset::from_json(object)
}

fn refusal(value: serde_json::Value) -> String {
    inline(value).unwrap_err().to_string()
}

fn named(names: &[&str]) -> Vec<Preset> {
    names.iter().map(|n| by_name(n).unwrap().clone()).collect()
}

#[test]
fn the_promised_presets_are_there_with_words_for_people() {
    let names: Vec<_> = presets().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "avi",
            "mkv",
            "ogg",
            "webm",
            "mp4-1080p",
            "mp4-720p",
            "mp4-480p",
            "mp4-260p",
            "mp4-h265",
            "mp4-av1",
            "audio-mp3",
            "audio-m4a",
            "audio-opus",
            "thumbnails",
        ]
    );
    for preset in presets() {
        assert!(!preset.label.is_empty() && preset.description.ends_with('.'));
        assert!(!NOT_YET.contains(&preset.name.as_str()));
    }
    assert_eq!(by_name("webm").unwrap().kind(), Kind::Video);
    assert_eq!(by_name("audio-opus").unwrap().kind(), Kind::Audio);
    assert_eq!(by_name("thumbnails").unwrap().kind(), Kind::Images);
    assert!(by_name("hls").is_none());
}

#[test]
fn the_ladder_has_the_farms_rates_and_skips_above_the_source() {
    for (name, height, video, audio) in [
        ("mp4-1080p", 1080, 2200, 196),
        ("mp4-720p", 720, 1700, 128),
        ("mp4-480p", 480, 600, 96),
        ("mp4-260p", 260, 300, 64),
    ] {
        let preset = by_name(name).unwrap();
        let v = preset.video.as_ref().unwrap();
        assert_eq!(v.max_height, Some(height));
        assert_eq!(v.rate, reelmill_domain::preset::Rate::BitrateKbps(video));
        assert!(v.skip_if_smaller);
        assert_eq!(preset.audio.as_ref().unwrap().bitrate_kbps, audio);
    }
}

#[test]
fn a_preset_survives_json_and_toml() {
    for preset in presets() {
        let json = serde_json::to_value(preset).unwrap();
        assert_eq!(&inline(json).unwrap(), preset);
        let toml = toml::to_string(preset).unwrap();
        assert_eq!(&Preset::from_toml(&toml).unwrap(), preset);
    }
}

#[test]
fn what_does_not_parse_names_the_field() {
    let unknown = refusal(json!({"container": "mkv", "colour": 1}));
    assert!(unknown.contains("colour"), "{unknown}");
    let deep = refusal(json!({"container": "mkv", "video":
        {"encoder": "libx264", "rate": {"crf": "23"}}}));
    assert!(deep.contains("video.rate"), "{deep}");
    let encoder = refusal(json!({"container": "mkv", "video":
        {"encoder": "libx264 -f null", "rate": {"crf": 23}}}));
    assert!(encoder.contains("video.encoder"), "{encoder}");
    assert!(refusal(json!({})).contains("container"));
    let toml = Preset::from_toml("container = \"mkv\"\nsize = 1").unwrap_err();
    assert!(toml.to_string().contains("size"), "{toml}");
}

/// Each bound of each field, one step beyond.
#[test]
fn what_is_out_of_bounds_names_the_field() {
    let video = |extra: serde_json::Value| {
        let mut video = json!({"encoder": "libx264", "rate": {"crf": 23}});
        video
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        json!({"container": "mkv", "video": video})
    };
    let audio = |encoder: &str, kbps: u32| {
        json!({"container": "mkv", "video": {"encoder": "libx264", "rate": {"crf": 23}},
               "audio": {"encoder": encoder, "bitrate_kbps": kbps}})
    };
    let images = |w: u32, t: u32, n: u32| json!({"container": "images", "images": {"poster_width": w, "tile_width": t, "tiles": n}});
    let rate =
        |encoder: &str, rate: serde_json::Value| video(json!({"encoder": encoder, "rate": rate}));
    let named = |name: &str| {
        let mut preset = video(json!({}));
        preset["name"] = json!(name);
        preset
    };
    for (field, preset) in [
        ("name", named("Web")),
        ("name", named("a/b")),
        ("name", named(&"a".repeat(41))),
        ("video.rate.crf", rate("libx264", json!({"crf": 51.5}))),
        ("video.rate.crf", rate("libx265", json!({"crf": -1}))),
        ("video.rate.crf", rate("libvpx-vp9", json!({"crf": 64}))),
        ("video.rate.crf", rate("libsvtav1", json!({"crf": 0}))),
        ("video.rate.quality", rate("mpeg4", json!({"quality": 0}))),
        (
            "video.rate.quality",
            rate("libtheora", json!({"quality": 11})),
        ),
        ("video.rate", rate("mpeg4", json!({"crf": 3}))),
        ("video.rate", rate("libx264", json!({"quality": 3}))),
        (
            "video.rate.bitrate_kbps",
            rate("libx264", json!({"bitrate_kbps": 15})),
        ),
        (
            "video.rate.bitrate_kbps",
            rate("libx264", json!({"bitrate_kbps": 200_001})),
        ),
        (
            "video.speed",
            video(json!({"speed": "medium -i /etc/passwd"})),
        ),
        (
            "video.speed",
            video(json!({"encoder": "mpeg4", "rate": {"quality": 3}, "speed": "4"})),
        ),
        (
            "video.speed",
            video(json!({"encoder": "libsvtav1", "speed": "3"})),
        ),
        ("video.max_width", video(json!({"max_width": 15}))),
        ("video.max_height", video(json!({"max_height": 8193}))),
        (
            "video.skip_if_smaller",
            video(json!({"skip_if_smaller": true})),
        ),
        ("video.keyframe_s", video(json!({"keyframe_s": 0.4}))),
        ("video.keyframe_s", video(json!({"keyframe_s": 20.5}))),
        ("audio.bitrate_kbps", audio("aac", 7)),
        ("audio.bitrate_kbps", audio("aac", 1537)),
        ("audio.bitrate_kbps", audio("libmp3lame", 321)),
        ("images.poster_width", images(15, 160, 100)),
        ("images.tile_width", images(1280, 1025, 1)),
        ("images.tiles", images(1280, 160, 401)),
        ("images.tiles", images(1280, 1024, 100)),
    ] {
        let message = refusal(preset);
        assert!(
            message.starts_with(&format!("{field}: ")),
            "{field}: {message}"
        );
    }
    assert!(inline(images(1280, 160, 400)).is_ok());
}

#[test]
fn what_does_not_go_together_is_refused() {
    let x264 = json!({"encoder": "libx264", "rate": {"crf": 23}});
    let vp9 = json!({"encoder": "libvpx-vp9", "rate": {"crf": 33}});
    let aac = json!({"encoder": "aac", "bitrate_kbps": 128});
    let images = json!({"poster_width": 320, "tile_width": 160, "tiles": 1});
    for (field, preset) in [
        ("video.encoder", json!({"container": "webm", "video": x264})),
        ("video.encoder", json!({"container": "avi", "video": vp9})),
        ("video.encoder", json!({"container": "ogg", "video": vp9})),
        ("video.encoder", json!({"container": "mp3", "video": x264})),
        (
            "audio.encoder",
            json!({"container": "webm", "video": vp9, "audio": aac}),
        ),
        ("audio.encoder", json!({"container": "mp3", "audio": aac})),
        ("video", json!({"container": "mp4", "audio": aac})),
        ("audio", json!({"container": "m4a"})),
        ("images", json!({"container": "images"})),
        (
            "images",
            json!({"container": "mp4", "video": x264, "images": images}),
        ),
        (
            "audio",
            json!({"container": "images", "images": images, "audio": aac}),
        ),
    ] {
        let message = refusal(preset.clone());
        assert!(
            message.starts_with(&format!("{field}: ")),
            "{preset} → {message}"
        );
    }
    assert!(
        inline(json!({"container": "mp4", "video": x264})).is_ok(),
        "silent films are fine"
    );
}

#[test]
fn a_preset_is_unavailable_for_a_reason() {
    let webm = by_name("webm").unwrap();
    let worker = |video: &[VideoEncoder], audio: &[AudioEncoder]| Abilities {
        video: video.iter().copied().collect(),
        audio: audio.iter().copied().collect(),
        ..Abilities::default()
    };
    let reason = |workers: &[Abilities]| unavailable_reason(webm, workers);
    let vp9 = worker(&[VideoEncoder::Vp9], &[]);
    let opus = worker(&[], &[AudioEncoder::Opus]);
    let both = worker(&[VideoEncoder::Vp9], &[AudioEncoder::Opus]);
    assert!(reason(&[]).unwrap().contains("No worker"));
    assert!(
        reason(std::slice::from_ref(&vp9))
            .unwrap()
            .contains("libopus")
    );
    assert!(
        reason(std::slice::from_ref(&opus))
            .unwrap()
            .contains("libvpx-vp9")
    );
    assert!(reason(&[vp9, opus]).unwrap().contains("both"));
    assert_eq!(reason(&[worker(&[], &[]), both]), None);
    let thumbnails = by_name("thumbnails").unwrap();
    assert_eq!(unavailable_reason(thumbnails, &[worker(&[], &[])]), None);
}

#[test]
fn outputs_are_named_after_the_source_and_never_alike() {
    let names = |list: &[&str]| file_names("My clip.mov", &named(list));
    assert_eq!(
        names(&[
            "avi",
            "mkv",
            "ogg",
            "webm",
            "mp4-h265",
            "audio-mp3",
            "audio-m4a",
            "audio-opus"
        ]),
        [
            "My clip.avi",
            "My clip.mkv",
            "My clip.ogv",
            "My clip.webm",
            "My clip.mp4",
            "My clip.mp3",
            "My clip.m4a",
            "My clip.opus",
        ]
    );
    assert_eq!(
        names(&["mp4-1080p", "webm", "mp4-720p", "thumbnails"]),
        [
            "My clip.mp4-1080p.mp4",
            "My clip.webm",
            "My clip.mp4-720p.mp4",
            "poster.jpg"
        ]
    );
    assert_eq!(
        names(&["avi", "avi", "thumbnails", "thumbnails"]),
        [
            "My clip.avi.avi",
            "My clip.avi-2.avi",
            "poster.thumbnails.jpg",
            "poster.thumbnails-2.jpg"
        ]
    );
}

#[test]
fn a_source_name_never_becomes_a_path() {
    let long = "🎬".repeat(300);
    for (source, stem) in [
        ("../../etc/passwd", "passwd"),
        ("..", "video"),
        ("", "video"),
        ("/", "video"),
        (".hidden.mp4", "hidden"),
        ("C:\\films\\Ferien.AVI", "Ferien"),
        ("Fête à Zürich 日本語.mp4", "Fête à Zürich 日本語"),
        ("it's \"quoted\" `x`.mp4", "its quoted x"),
        ("two\nlines\r\n.mp4", "two lines"),
        ("tab\there\u{0}.mp4", "tab here"),
        ("Dr. Strange", "Dr. Strange"),
        ("archive.2024.tar", "archive.2024"),
        ("-rf.mp4", "rf"),
        ("evil\u{202e}4pm.exe", "evil4pm"),
        ("%2e%2e%2f.mp4", "2e2e2f"),
        ("clip .mp4", "clip"),
        ("...mp4", "video"),
        (long.as_str(), &"🎬".repeat(25)),
    ] {
        let name = &file_names(source, &named(&["mkv"]))[0];
        assert_eq!(name, &format!("{stem}.mkv"), "{source:?}");
    }
}
