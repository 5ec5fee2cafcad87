//! Whole plans: tasks, what is skipped, thumbnails, damage.

use super::*;

#[test]
fn golden_plans() {
    for name in ["avi", "ogg", "mp4-h265", "audio-mp3", "thumbnails"] {
        insta::assert_json_snapshot!(name, tasks(&preset(name), &ordinary()));
    }
    let phone = Video {
        rotation: Rotation::Quarter,
        variable_rate: true,
        frame_rate: Ratio {
            num: 29_500,
            den: 1000,
        },
        start_s: 0.02,
        ..hdr(video(3840, 2160))
    };
    let phone = media(Some(phone), Some(audio(1)));
    insta::assert_json_snapshot!(
        "upright-hdr-phone-film-as-mp4-720p",
        tasks(&preset("mp4-720p"), &phone)
    );
}

#[test]
fn an_output_is_an_encode_and_then_an_assemble() {
    let tasks = tasks(&preset("webm"), &ordinary());
    assert_eq!(tasks.len(), 2);
    assert_eq!(
        (&tasks[0].lane, &tasks[1].lane),
        (&Lane::encode(), &Lane::light())
    );
    assert_eq!(tasks[0].state, TaskState::Ready);
    assert_eq!(tasks[1].state, TaskState::Waiting { on: 1 });
    assert_eq!(tasks[1].needs, [tasks[0].id]);
    assert_eq!(parts(&tasks), 1);
    assert!(tasks.iter().all(|t| t.cost_s > 0.0 && t.attempt == 0));
}

#[test]
fn what_the_source_lacks_is_left_out_or_skipped_as_the_preset_says() {
    let silent = media(Some(video(640, 360)), None);
    let heard = media(None, Some(audio(2)));
    let (spec, expect) = made(&preset("webm"), &silent);
    assert!(spec.audio.is_none() && expect.audio.is_none());
    assert!(skipped(&preset("audio-mp3"), &silent).contains("no sound"));
    assert!(skipped(&preset("webm"), &heard).contains("no picture"));
    assert!(skipped(&preset("thumbnails"), &heard).contains("no picture"));
    let (spec, expect) = made(&preset("audio-opus"), &heard);
    assert!(spec.video.is_none() && expect.video.is_none());
    assert_eq!(spec.frames, 0);
    let omitting = inline(json!({"container": "mp4",
        "video": {"encoder": "libx264", "rate": {"crf": 20}, "missing": "omit"},
        "audio": {"encoder": "aac", "bitrate_kbps": 128, "missing": "omit"}}));
    assert!(made(&omitting, &heard).0.video.is_none());
    assert!(skipped(&omitting, &media(None, None)).contains("nothing"));
}

#[test]
fn thumbnails_are_even_and_spread_over_the_film() {
    let spec = thumbs(video(1920, 1080));
    assert_eq!(
        (spec.poster, spec.tile, spec.grid),
        ((1280, 720), (160, 90), (10, 1))
    );
    assert_eq!(spec.every_s, 1.0);
    let film = Video {
        duration_s: 5400.0,
        frames: 135_000,
        ..video(640, 360)
    };
    let spec = thumbs(film);
    assert_eq!(
        (spec.poster, spec.grid, spec.every_s),
        ((640, 360), (10, 10), 54.0)
    );
    let still = Video {
        duration_s: 0.04,
        frames: 1,
        ..video(101, 75)
    };
    let spec = thumbs(still);
    assert_eq!(
        (spec.poster, spec.tile, spec.grid),
        ((102, 76), (102, 76), (1, 1))
    );
    assert_eq!(thumbs(video(1080, 1920)).tile, (90, 160));
}

#[test]
fn a_source_that_is_shorter_than_it_says_is_damaged() {
    let cut = Media {
        declared_duration_s: 20.0,
        damage: vec!["It is torn.".into()],
        ..ordinary()
    };
    let warning = damage(&cut).unwrap();
    assert_eq!(warning.code, "source_damaged");
    assert!(warning.message.contains("20.0 s") && warning.message.ends_with("It is torn."));
    let estimated = Media {
        declared_duration_s: 20.0,
        container: "mpegts".into(),
        ..ordinary()
    };
    assert_eq!(damage(&estimated), None, "it only guesses its length");
    let nearly = Media {
        declared_duration_s: 10.9,
        ..ordinary()
    };
    assert_eq!(damage(&nearly), None);
}

#[test]
fn a_bare_stream_lasts_as_long_as_its_frames() {
    let bare = Video {
        duration_s: 0.0,
        ..video(640, 360)
    };
    let (spec, expect) = made(&preset("avi"), &media(Some(bare.clone()), None));
    assert_eq!((spec.duration_s, spec.frames), (10.0, 250));
    assert_eq!(expect.video.unwrap().duration_s, 10.0);
    assert_eq!(thumbs(bare).every_s, 1.0);
}

#[test]
fn every_output_is_planned_once() {
    let mut ids = counter();
    let mut cx = context(&mut ids);
    let mut job = job(&[preset("avi"), preset("mkv")]);
    let plans = plan(&job, &ordinary(), &mut cx);
    assert_eq!(plans.len(), 2);
    let distinct: std::collections::BTreeSet<_> = plans
        .iter()
        .flat_map(|(_, p)| match p {
            OutputPlan::Make { tasks, .. } => tasks.iter().map(|t| t.id).collect::<Vec<_>>(),
            OutputPlan::Skip { .. } => Vec::new(),
        })
        .collect();
    assert_eq!(distinct.len(), 4);
    job.outputs[0].planned = Some(reelmill_domain::output::Parts::default());
    assert_eq!(plan(&job, &ordinary(), &mut cx).len(), 1);
}
