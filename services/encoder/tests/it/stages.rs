//! Every stage, on real media, with its result checked by decoding.

use crate::farm::{Farm, sources, specs};
use reelmill_domain::{
    event::{Part, TaskResult},
    keys,
    spec::TaskSpec,
};
use reelmill_ffmpeg::sha256::sha256_file;
use reelmill_objects::ObjectStore;
use tokio_util::sync::CancellationToken;

const SIZE: (u32, u32) = (320, 180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_tells_what_the_source_is() {
    let farm = Farm::new().await;
    let clip = sources::bunny(farm.folder.path());
    let expected = sha256_file(&clip, &CancellationToken::new()).await.unwrap();
    let source = farm.store(&clip).await;
    let mut task = farm.task(specs::probe(&source));
    task.output = None;
    let TaskResult::Probed { media, sha256 } = farm.make(&task).await else {
        panic!("not a probe's result");
    };
    assert_eq!(sha256, expected);
    let video = media.video.as_ref().unwrap();
    assert_eq!((video.codec.as_str(), video.frames), ("h264", 132));
    assert_eq!(media.chosen_audio().unwrap().codec, "aac");
    assert_eq!(media.bytes, source.bytes);
    farm.scratch_is_clean().await;
    assert_eq!(farm.keys("").await, [source.key], "a probe stores nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encode_and_its_assemble_make_a_verified_output() {
    let farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 100))
        .await;
    let encode = farm.task(specs::encode(&source, SIZE, 100, "ultrafast", true));
    let part = farm.part(&encode).await;
    let run = farm.started(&encode).await;
    assert_eq!(
        part.key,
        keys::work(encode.job, encode.task, 1, run.run, "part.mkv")
    );
    assert_eq!(part.frames, 100);
    assert!(part.cpu_s > 0.0);
    let stored = farm.folder.path().join("objects").join(&part.key);
    assert_eq!(
        sha256_file(&stored, &CancellationToken::new())
            .await
            .unwrap(),
        part.sha256
    );

    let mut assemble = farm.task(TaskSpec::Assemble(specs::assemble(
        &source, SIZE, 100, true,
    )));
    assemble.parts = vec![part.clone()];
    let TaskResult::Made {
        files,
        media,
        warnings,
    } = farm.make(&assemble).await
    else {
        panic!("not an assemble's result");
    };
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(media.frames, Some(100));
    assert_eq!((media.width, media.height), (Some(320), Some(180)));
    let [file] = &files[..] else {
        panic!("one file is due: {files:?}");
    };
    let run = farm.started(&assemble).await;
    let output = assemble.output.unwrap();
    assert_eq!(
        file.key,
        keys::output(assemble.job, output, 1, run.run, "film.mkv")
    );
    assert_eq!((file.bytes, &file.sha256), (part.bytes, &part.sha256));
    assert_eq!(file.content_type, "video/x-matroska");
    let offered = farm.folder.path().join("objects").join(&file.key);
    assert_eq!(sources::decoded_frames(&offered), 100);
    farm.scratch_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_is_not_what_was_asked_for_is_refused_in_plain_words() {
    let farm = Farm::new().await;
    let short = sources::film(farm.folder.path(), "320x180", 50);
    let short = farm.store(&short).await;
    let encode = farm.task(specs::encode(&short, SIZE, 50, "ultrafast", false));
    let part = farm.part(&encode).await;
    // All 75 frames of the source can be decoded, so that nothing excuses an output of 50.
    let whole = sources::film(farm.folder.path(), "320x180", 75);
    let whole = farm.store(&whole).await;
    let mut assemble = farm.task(TaskSpec::Assemble(specs::assemble(&whole, SIZE, 75, false)));
    assemble.parts = vec![part];
    let failure = farm.fail(&assemble).await;
    assert_eq!(failure.code, "verification_failed");
    assert!(failure.permanent);
    assert!(
        failure.message.contains("50") && failure.message.contains("75"),
        "{}",
        failure.message
    );
    farm.scratch_is_clean().await;
    assert!(farm.keys("outputs/").await.is_empty());
}

/// A film of which a third is gone: its container still declares the whole.
async fn damaged(farm: &Farm) -> reelmill_domain::spec::Input {
    let film = sources::film(farm.folder.path(), "320x180", 150);
    let mut bytes = std::fs::read(&film).unwrap();
    bytes.truncate(bytes.len() * 2 / 3);
    std::fs::write(&film, bytes).unwrap();
    farm.store(&film).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_source_gives_what_it_holds_and_a_warning() {
    let farm = Farm::new().await;
    let source = damaged(&farm).await;
    let encode = farm.task(specs::encode(&source, SIZE, 150, "ultrafast", false));
    let part = farm.part(&encode).await;
    assert!((50..150).contains(&part.frames), "{}", part.frames);
    let mut assemble = farm.task(TaskSpec::Assemble(specs::assemble(
        &source, SIZE, 150, false,
    )));
    assemble.parts = vec![part.clone()];
    let TaskResult::Made {
        media, warnings, ..
    } = farm.make(&assemble).await
    else {
        panic!("not an assemble's result");
    };
    assert_eq!(media.frames, Some(part.frames));
    assert_eq!(warnings[0].code, "source_damaged", "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_source_fails_a_strict_job() {
    let farm = Farm::new().await;
    let source = damaged(&farm).await;
    let encode = farm.task(specs::encode(&source, SIZE, 150, "ultrafast", false));
    let part = farm.part(&encode).await;
    let mut spec = specs::assemble(&source, SIZE, 150, false);
    spec.strict = true;
    let mut assemble = farm.task(TaskSpec::Assemble(spec));
    assemble.parts = vec![part];
    let failure = farm.fail(&assemble).await;
    assert_eq!(failure.code, "source_damaged");
    assert!(failure.permanent);
    assert!(farm.keys("outputs/").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_only_decoding_shows_goes_with_the_part() {
    let farm = Farm::new().await;
    let rotten = sources::rotten(farm.folder.path(), "320x180", 100);
    let source = farm.store(&rotten).await;
    let TaskResult::Probed { media, .. } = farm.make(&farm.task(specs::probe(&source))).await
    else {
        panic!("not a probe's result");
    };
    assert_eq!(media.damage, Vec::<String>::new(), "the container is whole");
    let encode = farm.task(specs::encode(&source, SIZE, 100, "ultrafast", false));
    let part = farm.part(&encode).await;
    assert!(part.frames >= 95, "most is covered up: {}", part.frames);
    assert_eq!(part.warnings.len(), 1, "{:?}", part.warnings);
    assert_eq!(part.warnings[0].code, "source_damaged");

    let mut pictures = farm.task(specs::thumbnails(&source, 4.0));
    let TaskResult::Made { warnings, .. } = farm.make(&pictures).await else {
        panic!("not pictures");
    };
    assert_eq!(warnings, part.warnings, "the same words from every output");
    if let TaskSpec::Thumbnails(spec) = &mut pictures.spec {
        spec.strict = true;
    }
    let mut strict = farm.task(pictures.spec);
    strict.output = pictures.output;
    let failure = farm.fail(&strict).await;
    assert_eq!(failure.code, "source_damaged");
    assert!(failure.permanent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_cannot_be_copied_is_made_anew_and_verified_as_such() {
    let farm = Farm::new().await;
    let film = sources::uncopyable(farm.folder.path(), "320x180", 50);
    let source = farm.store(&film).await;
    let (copying, mut wanted) = specs::copying(&source, SIZE, 50, true);
    let hopeless = specs::copying(&source, SIZE, 50, false).0;
    let failure = farm.fail(&farm.task(hopeless)).await;
    assert_eq!(failure.code, "ffmpeg_failed", "the fault hit");

    let part = farm.part(&farm.task(copying)).await;
    assert!(part.sound_made_anew);
    let told = part.warnings.iter().find(|w| w.message.contains("anew"));
    assert_eq!(told.unwrap().code, "source_damaged");
    let mut assemble = farm.task(TaskSpec::Assemble(wanted.clone()));
    assemble.parts = vec![part.clone()];
    let TaskResult::Made { media, .. } = farm.make(&assemble).await else {
        panic!("not an assemble's result");
    };
    assert_eq!(media.audio_codec.as_deref(), Some("mp3"));
    assert_eq!(media.frames, Some(50));

    // A part that doesn't say so is held to the copy; one that does, to what was planned for it.
    let silent = Part {
        sound_made_anew: false,
        ..part.clone()
    };
    let mut copied = farm.task(TaskSpec::Assemble(wanted.clone()));
    copied.parts = vec![silent];
    assert_eq!(farm.fail(&copied).await.code, "verification_failed");
    let sound = wanted.expect.audio.as_mut().unwrap();
    sound.otherwise.as_mut().unwrap().codec = "opus".into();
    let mut other = farm.task(TaskSpec::Assemble(wanted.clone()));
    other.parts = vec![part.clone()];
    assert_eq!(farm.fail(&other).await.code, "verification_failed");
    wanted.expect.audio.as_mut().unwrap().otherwise = None;
    let mut unforeseen = farm.task(TaskSpec::Assemble(wanted));
    unforeseen.parts = vec![part];
    let failure = farm.fail(&unforeseen).await;
    assert_eq!(
        (failure.code.as_str(), failure.permanent),
        ("bad_task", true)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_changed_in_the_store_is_refused() {
    let farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 25))
        .await;
    let encode = farm.task(specs::encode(&source, SIZE, 25, "ultrafast", false));
    let part = farm.part(&encode).await;
    let stored = farm.folder.path().join("objects").join(&part.key);
    let mut bytes = std::fs::read(&stored).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    farm.objects
        .put_bytes(&part.key, bytes.into())
        .await
        .unwrap();
    let mut assemble = farm.task(TaskSpec::Assemble(specs::assemble(
        &source, SIZE, 25, false,
    )));
    assemble.parts = vec![part];
    let failure = farm.fail(&assemble).await;
    assert_ne!(
        failure.code, "verification_failed",
        "the source is not to blame"
    );
    assert_eq!(failure.code, "part_changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_parts_are_refused_until_they_can_be_joined() {
    let farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 25))
        .await;
    let encode = farm.task(specs::encode(&source, SIZE, 25, "ultrafast", false));
    let part = farm.part(&encode).await;
    let mut assemble = farm.task(TaskSpec::Assemble(specs::assemble(
        &source, SIZE, 25, false,
    )));
    assemble.parts = vec![part.clone(), part];
    let failure = farm.fail(&assemble).await;
    assert!(failure.permanent);
    assert_eq!(failure.code, "not_available_yet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thumbnails_are_made_and_offered() {
    let farm = Farm::new().await;
    let source = farm
        .store(&sources::film(farm.folder.path(), "320x180", 100))
        .await;
    let task = farm.task(specs::thumbnails(&source, 4.0));
    let TaskResult::Made { files, media, .. } = farm.make(&task).await else {
        panic!("not pictures");
    };
    let told: Vec<(&str, &str)> = files
        .iter()
        .map(|f| (f.name.as_str(), f.content_type.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("poster.jpg", "image/jpeg"),
            ("sprite.jpg", "image/jpeg"),
            ("sprite.vtt", "text/vtt")
        ]
    );
    assert_eq!((media.width, media.height), (Some(320), Some(180)));
    for file in &files {
        let stored = farm.folder.path().join("objects").join(&file.key);
        assert_eq!(std::fs::metadata(&stored).unwrap().len(), file.bytes);
        assert_eq!(
            sha256_file(&stored, &CancellationToken::new())
                .await
                .unwrap(),
            file.sha256
        );
    }
    let poster = farm.folder.path().join("objects").join(&files[0].key);
    assert_eq!(sources::decoded_frames(&poster), 1);
    farm.scratch_is_clean().await;
}
