//! `reelmill encode`: outputs in their places, never a file of somebody else's, and on again after any end.

use crate::{
    client::clip,
    films::{heavy, light},
    look::{tools_in, until},
    reelmill::{Ended, reelmill, run},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What lies in a folder, `.reelmill` aside, with sizes.
fn listing(folder: &Path) -> BTreeMap<String, u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    entries
        .map(|e| e.unwrap())
        .filter(|e| e.file_name() != ".reelmill")
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                e.metadata().unwrap().len(),
            )
        })
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    listing(folder).into_keys().collect()
}

/// Nothing but the record and the lock is left.
fn only_a_record_is_left(out: &Path) {
    let mut left: Vec<String> = fs::read_dir(out.join(".reelmill"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["encode.json", "reelmill.lock"]);
}

/// ffprobe's word on a file, each stream decoded without complaint first.
fn codecs(file: &Path) -> String {
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    assert!(
        decoded.status.success() && decoded.stderr.is_empty(),
        "{decoded:?}"
    );
    let probed = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(probed.stdout)
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join("+")
}

fn encode(home: &Path, args: &[&str]) -> Ended {
    run(reelmill(home).arg("encode").args(args))
}

#[test]
fn four_formats_come_out_and_a_second_call_has_nothing_to_do() {
    let home = tempfile::tempdir().unwrap();
    let film = home.path().join("film.mp4");
    light(&film);
    let args = ["film.mp4", "--to", "avi,mkv,ogg,webm", "--out", "out"];
    let out = home.path().join("out");
    let before = fs::metadata(&film).unwrap();
    encode(home.path(), &args).done();
    for (name, expected) in [
        ("film.avi", "mpeg4+mp3"),
        ("film.mkv", "h264+aac"),
        ("film.ogv", "theora+vorbis"),
        ("film.webm", "vp9+opus"),
    ] {
        assert_eq!(codecs(&out.join(name)), expected, "{name}");
    }
    assert_eq!(listing(&out).len(), 4);
    only_a_record_is_left(&out);
    let after = fs::metadata(&film).unwrap();
    assert_eq!(
        before.permissions(),
        after.permissions(),
        "the source was changed"
    );

    let made: Vec<_> = times(&out);
    let again = encode(home.path(), &args);
    assert_eq!(
        again.done().matches("(finished before)").count(),
        4,
        "{again:?}"
    );
    assert_eq!(times(&out), made, "something was made again");
    only_a_record_is_left(&out);
}

fn times(out: &Path) -> Vec<std::time::SystemTime> {
    names(out)
        .iter()
        .map(|n| fs::metadata(out.join(n)).unwrap().modified().unwrap())
        .collect()
}

#[test]
fn a_file_of_somebody_else_is_not_overwritten_without_force() {
    let home = tempfile::tempdir().unwrap();
    let film = clip();
    let args = [
        film.to_str().unwrap(),
        "--to",
        "audio-mp3,audio-opus",
        "--out",
        "out",
    ];
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("bigbuckbunny.opus"), "mine").unwrap();
    encode(home.path(), &args).unfit(&["bigbuckbunny.opus", "--force"]);
    assert_eq!(
        names(&out),
        ["bigbuckbunny.opus"],
        "work was done before the refusal"
    );
    let forced = encode(home.path(), &[&args[..], &["--force"]].concat());
    forced.done();
    assert_eq!(codecs(&out.join("bigbuckbunny.opus")), "opus");
    assert_eq!(codecs(&out.join("bigbuckbunny.mp3")), "mp3");
    // Ours by now: no force needed, also when it was removed.
    fs::remove_file(out.join("bigbuckbunny.mp3")).unwrap();
    encode(home.path(), &args).done();
    assert_eq!(names(&out).len(), 2);
}

#[test]
fn a_source_is_never_its_own_output() {
    let home = tempfile::tempdir().unwrap();
    fs::copy(clip(), home.path().join("film.mp4")).unwrap();
    for force in [&[][..], &["--force"]] {
        let args = [&["film.mp4", "--to", "mp4-260p"][..], force].concat();
        encode(home.path(), &args).unfit(&["film.mp4", "is the source itself", "--out"]);
    }
}

#[test]
fn wrong_use_is_refused_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    let film = clip();
    let film = film.to_str().unwrap();
    encode(home.path(), &[film, "--to", "betamax", "--out", "out"]).unfit(&["betamax", "avi"]);
    encode(home.path(), &["missing.mp4", "--to", "avi", "--out", "out"]).unfit(&["missing.mp4"]);
    encode(home.path(), &[".", "--to", "avi", "--out", "out"]).unfit(&["is not a file"]);
    assert!(!home.path().join("out").exists());
    fs::write(home.path().join("file"), "x").unwrap();
    encode(home.path(), &[film, "--to", "avi", "--out", "file/out"]).unfit(&["file/out"]);
    let ended = run(reelmill(home.path())
        .args(["encode", film, "--to", "avi", "--out", "out"])
        .env("REELMILL__ENCODER__FFMPEG", "no-such-ffmpeg"));
    ended.unfit(&["no-such-ffmpeg", "apt install ffmpeg"]);
}

#[test]
fn a_damaged_source_is_told_of() {
    let home = tempfile::tempdir().unwrap();
    let film = home.path().join("film.mkv");
    light(&film);
    let whole = fs::read(&film).unwrap();
    fs::write(&film, &whole[..whole.len() / 2]).unwrap();
    let args = ["film.mkv", "--to", "avi", "--out"];

    let told = encode(home.path(), &[&args[..], &["plain"]].concat());
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.err.contains("film.avi: warning, The file"), "{told:?}");

    let told = encode(home.path(), &[&args[..], &["json", "--json"]].concat());
    let warnings = &told.json()[0]["warnings"];
    assert_eq!(warnings.as_array().unwrap().len(), 1, "{told:?}");
}

#[test]
fn sources_with_one_stem_do_not_collide_and_a_bad_one_fails_alone() {
    let home = tempfile::tempdir().unwrap();
    for folder in ["a", "b", "c"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::copy(clip(), home.path().join("a/clip.mp4")).unwrap();
    fs::copy(clip(), home.path().join("b/clip.mp4")).unwrap();
    fs::write(home.path().join("c/clip.mov"), "no film").unwrap();
    let args = [
        "a/clip.mp4",
        "b/clip.mp4",
        "c/clip.mov",
        "a/clip.mp4",
        "--to",
        "audio-mp3,thumbnails",
        "--out",
        "out",
        "--json",
    ];
    let ended = encode(home.path(), &args);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        names(&home.path().join("out")),
        [
            "clip-2.mp3",
            "clip-2.thumbnails",
            "clip.mp3",
            "clip.thumbnails"
        ]
    );
    assert!(
        home.path()
            .join("out/clip-2.thumbnails/poster.jpg")
            .is_file()
    );
    let report = ended.json();
    let states: Vec<&str> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["made", "made", "made", "made", "failed", "failed"]);
    assert!(!report[4]["reason"].as_str().unwrap().is_empty());
    only_a_record_is_left(&home.path().join("out"));
}

fn begin(home: &Path, args: &[&str]) -> Child {
    reelmill(home)
        .arg("encode")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn after_kill_9_it_goes_on_and_makes_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(home.path()).unwrap();
    let out = home.join("out");
    heavy(&home.join("film.mp4"));
    let args = [
        "film.mp4",
        "--to",
        "audio-mp3,thumbnails,mp4-260p,webm",
        "--out",
        "out",
    ];
    let mut first = begin(&home, &args);
    until("the first output, and an encode that runs", || {
        out.join("film.thumbnails").is_dir() && tools_in(&out) > 0
    });
    let made = fs::metadata(out.join("film.thumbnails/poster.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    until("ffmpeg to die with its parent", || tools_in(&out) == 0);
    assert!(
        !out.join("film.webm").exists(),
        "a file appeared before it was finished"
    );

    let again = encode(&home, &args);
    again.done();
    assert!(
        again.out.contains("film.thumbnails (finished before)"),
        "{again:?}"
    );
    assert_eq!(
        fs::metadata(out.join("film.thumbnails/poster.jpg"))
            .unwrap()
            .modified()
            .unwrap(),
        made
    );
    assert_eq!(codecs(&out.join("film.mp4")), "h264+aac");
    assert_eq!(codecs(&out.join("film.webm")), "vp9+opus");
    only_a_record_is_left(&out);
}

#[test]
fn ctrl_c_stops_ffmpeg_at_once_and_leaves_what_can_go_on() {
    let home = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(home.path()).unwrap();
    let out = home.join("out");
    heavy(&home.join("film.mp4"));
    let args = ["film.mp4", "--to", "webm", "--out", "out"];
    let mut first = begin(&home, &args);
    until("an encode that runs", || tools_in(&out) > 0);
    assert!(
        encode(&home, &args).code == Some(2),
        "two calls at once on one folder"
    );
    kill_process(Pid::from_child(&first), Signal::INT).unwrap();
    let asked = Instant::now();
    assert_eq!(first.wait().unwrap().code(), Some(130));
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(tools_in(&out), 0);
    assert_eq!(names(&out), Vec::<String>::new());
    encode(&home, &args).done();
    assert_eq!(codecs(&out.join("film.webm")), "vp9+opus");
    only_a_record_is_left(&out);
}
