//! What tasks make of a job.

use super::*;

#[test]
fn a_job_goes_through_its_states_and_tells_each() {
    let mut b = Bench::new(&["mkv"]);
    b.job.expire_after_s = Some(60);
    assert_eq!(told(&b.start(0)), ["job probing"]);
    let media = Box::new(ordinary());
    let effects = b.succeed(
        0,
        TaskResult::Probed {
            media,
            sha256: "ab".into(),
        },
    );
    assert_eq!(told(&effects), ["job encoding"]);
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::SourceProbed { sha256, .. } if sha256 == "ab"))
    );
    assert!(effects.contains(&Effect::WakeDispatcher));
    assert_eq!(b.states(), ("encoding", vec!["waiting"]));
    assert_eq!(
        b.job.outputs[0].planned,
        Some(Parts {
            done: 0,
            total: 1,
            frames: 250
        })
    );

    assert_eq!(told(&b.start(1)), ["output encoding"]);
    let effects = b.succeed(1, part());
    assert_eq!(told(&effects), ["output assembling", "job finishing"]);
    assert!(effects.contains(&Effect::MeetNeedsOf(b.tasks[1].id)));
    assert_eq!(told(&b.start(2)), Vec::<String>::new());
    let effects = b.succeed(2, made(&[]));
    assert_eq!(told(&effects), ["output published", "job completed"]);
    assert_eq!(
        effects
            .iter()
            .filter(|e| matches!(e, Effect::KeepFiles(..)))
            .count(),
        1
    );
    assert!(effects.contains(&Effect::ReapWork));
    let OutputState::Published(published) = b.output(0) else {
        panic!("not published");
    };
    assert_eq!(
        published.files[0].name, "clip.mkv",
        "the name fixed at submission"
    );
    assert_eq!(published.expires_at, Some(Timestamp(1_060_000)));
    assert!(b.tasks.iter().all(|t| t.state.is_terminal()));
}

#[test]
fn an_output_is_published_as_soon_as_it_is_done() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.probe(ordinary());
    b.run(1, part());
    b.run(2, made(&[]));
    assert_eq!(b.states(), ("encoding", vec!["published", "waiting"]));
    b.run(3, part());
    assert_eq!(b.states(), ("finishing", vec!["published", "assembling"]));
    b.run(4, made(&[]));
    assert_eq!(b.states(), ("completed", vec!["published", "published"]));
}

#[test]
fn a_source_that_cannot_be_used_fails_the_job_with_its_reason() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.start(0);
    let effects = b.fail(0, true);
    assert_eq!(
        told(&effects),
        ["output failed", "output failed", "job failed"]
    );
    for n in 0..2 {
        assert!(matches!(b.output(n), OutputState::Failed(e) if e.code == "encoder_failed"));
    }
    let JobState::Ended {
        ending: JobEnding::Failed { error },
        ..
    } = &b.job.state
    else {
        panic!("not failed");
    };
    assert_eq!(
        (error.message.as_str(), error.log_tail.as_deref()),
        ("ffmpeg gave up.", Some("boom"))
    );
}

#[test]
fn one_failed_output_does_not_stop_the_others() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.probe(ordinary());
    b.start(1);
    assert_eq!(
        told(&b.fail(1, false)),
        Vec::<String>::new(),
        "to be tried again"
    );
    assert_eq!(b.job.outputs[0].failures, 1);
    b.start(1);
    b.fail(1, false);
    b.start(1);
    let effects = b.fail(1, false);
    assert!(effects.contains(&Effect::CancelTasksOf(output_id(0))));
    assert_eq!(b.states(), ("encoding", vec!["failed", "waiting"]));
    assert_eq!(b.job.outputs[0].failures, 3);
    assert_eq!(b.tasks[2].state, TaskState::Cancelled);
    b.run(3, part());
    b.run(4, made(&[]));
    assert_eq!(
        b.states(),
        ("partially_completed", vec!["failed", "published"])
    );
    let again: Vec<_> = retry_outputs(&b.job).iter().map(|o| o.id).collect();
    assert_eq!(again, [output_id(0)]);
}

#[test]
fn a_job_of_which_nothing_came_is_failed() {
    let mut b = Bench::new(&["mkv", "mp4-1080p"]);
    b.probe(ordinary());
    b.start(1);
    b.fail(1, true);
    assert_eq!(b.states(), ("failed", vec!["failed", "skipped"]));
}

#[test]
fn a_job_of_skipped_outputs_is_completed_with_a_warning() {
    let mut b = Bench::new(&["mp4-1080p", "audio-mp3"]);
    let effects = b.probe(media(Some(video(640, 360)), None));
    assert_eq!(
        told(&effects),
        [
            "job encoding",
            "output skipped",
            "output skipped",
            "job completed"
        ]
    );
    assert_eq!(warning_codes(&b.job), ["nothing_made"]);
    assert!(matches!(b.output(1), OutputState::Skipped { reason } if reason.contains("no sound")));
}

#[test]
fn warnings_are_told_once() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.probe(Media {
        damage: vec!["broken".into()],
        ..ordinary()
    });
    b.run(1, part());
    b.run(2, made(&["source_damaged_end"]));
    b.run(3, part());
    b.run(4, made(&["source_damaged_end"]));
    assert_eq!(
        warning_codes(&b.job),
        ["source_damaged", "source_damaged_end"]
    );
}

#[test]
fn a_strict_job_fails_on_a_damaged_source() {
    let mut strict = job(&[preset("mkv")]);
    strict.strict = true;
    let mut b = Bench::with(strict);
    b.probe(Media {
        declared_duration_s: 99.0,
        ..ordinary()
    });
    assert_eq!(b.states(), ("failed", vec!["failed"]));
    assert!(b.tasks.iter().all(|t| t.state.is_terminal()));
}

/// A part whose making showed that the source is damaged.
fn shaky() -> TaskResult {
    let TaskResult::Encoded { mut part } = part() else {
        panic!("a part");
    };
    part.warnings = vec![Warning {
        code: "source_damaged".into(),
        message: "Parts of it could not be decoded.".into(),
    }];
    TaskResult::Encoded { part }
}

#[test]
fn damage_that_only_decoding_shows_is_told_once() {
    let mut b = Bench::new(&["mkv", "webm"]);
    b.probe(ordinary());
    b.run(1, shaky());
    b.run(2, made(&[]));
    b.run(3, shaky());
    b.run(4, made(&[]));
    assert_eq!(b.states(), ("completed", vec!["published", "published"]));
    assert_eq!(warning_codes(&b.job), ["source_damaged"]);
    assert_eq!(
        b.job.warnings[0].message,
        "Parts of it could not be decoded."
    );
}

#[test]
fn what_the_probe_has_told_is_not_told_again_by_a_part() {
    let mut b = Bench::new(&["mkv"]);
    b.probe(Media {
        damage: vec!["broken".into()],
        ..ordinary()
    });
    b.run(1, shaky());
    assert_eq!(warning_codes(&b.job), ["source_damaged"]);
    assert_eq!(b.job.warnings[0].message, "broken");
}

#[test]
fn a_strict_job_takes_no_part_of_a_damaged_source() {
    let mut strict = job(&[preset("mkv"), preset("webm")]);
    strict.strict = true;
    let mut b = Bench::with(strict);
    b.probe(ordinary());
    b.run(1, shaky());
    assert!(matches!(b.output(0), OutputState::Failed(e)
        if e.code == "source_damaged" && e.message == "Parts of it could not be decoded."));
    assert_eq!(b.tasks[2].state, TaskState::Cancelled);
    b.run(3, part());
    b.run(4, made(&[]));
    assert_eq!(
        b.states(),
        ("partially_completed", vec!["failed", "published"])
    );
}

#[test]
fn thumbnails_go_straight_from_encoding_to_published() {
    let mut b = Bench::new(&["thumbnails"]);
    b.probe(ordinary());
    assert!(matches!(b.tasks[1].spec, TaskSpec::Thumbnails(_)));
    b.start(1);
    assert_eq!(b.states(), ("encoding", vec!["encoding"]));
    b.succeed(1, made(&[]));
    assert_eq!(b.states(), ("completed", vec!["published"]));
}

#[test]
fn a_lost_start_is_made_up_for_by_the_result() {
    let mut b = Bench::new(&["mkv"]);
    b.on_task(
        0,
        TaskEvent::Claimed {
            until: Timestamp(0),
        },
    );
    let media = Box::new(ordinary());
    let effects = b.succeed(
        0,
        TaskResult::Probed {
            media,
            sha256: String::new(),
        },
    );
    assert_eq!(told(&effects), ["job probing", "job encoding"]);
    assert!(b.job.state.started_at().is_some());
}
