//! Sound that was to be copied and has to be made anew: as it would have been planned without the copy, and held to that.

use super::*;

/// A copying preset and the same without the copy, on a source with six channels of AC-3.
fn both() -> ((EncodeSpec, AssembleSpec), (EncodeSpec, AssembleSpec)) {
    let copying = preset("mp4-h265");
    let mut making = copying.clone();
    making.audio.as_mut().unwrap().copy_if_possible = false;
    let surround = Audio {
        codec: "ac3".into(),
        sample_rate: 44_100,
        ..audio(6)
    };
    let source = media(Some(video(640, 360)), Some(surround));
    (specs(&copying, &source), specs(&making, &source))
}

fn specs(preset: &Preset, source: &Media) -> (EncodeSpec, AssembleSpec) {
    let mut specs = tasks(preset, source).into_iter().map(|t| t.spec);
    match (specs.next(), specs.next()) {
        (Some(TaskSpec::Encode(encode)), Some(TaskSpec::Assemble(assemble))) => (encode, assemble),
        other => panic!("unexpected tasks: {other:?}"),
    }
}

#[test]
fn it_is_encoded_as_it_would_be_without_the_copy() {
    let ((copy, _), (made, _)) = both();
    let anew = copy.with_sound_made_anew().unwrap();
    assert_eq!(anew.audio, made.audio);
    let unlike = EncodeSpec {
        audio: copy.audio,
        ..anew
    };
    assert_eq!(unlike, both().0.0, "nothing else of the task changes");
    assert_eq!(
        made.with_sound_made_anew(),
        None,
        "there is nothing to copy"
    );
}

#[test]
fn it_is_verified_as_it_would_be_without_the_copy() {
    let ((_, copy), (_, made)) = both();
    let copied = copy.expect.audio.clone().unwrap();
    assert_eq!((copied.codec.as_str(), copied.copied), ("ac3", true));
    let anew = ExpectAnew {
        codec: "aac".into(),
        channels: made.expect.audio.as_ref().unwrap().channels,
    };
    assert_eq!(copied.otherwise, Some(anew));
    assert_eq!(
        copy.with_sound_made_anew().unwrap().expect.audio,
        made.expect.audio
    );
    assert_eq!(made.with_sound_made_anew(), None, "it was not foreseen");
}

#[test]
fn tasks_of_the_version_before_are_read_and_foresee_nothing() {
    let ((encode, assemble), _) = both();
    let mut old = serde_json::to_value(TaskSpec::Encode(encode)).unwrap();
    old["audio"]["how"] = json!({"do": "copy"});
    let TaskSpec::Encode(old) = serde_json::from_value(old).unwrap() else {
        panic!("not an encode");
    };
    assert!(is_copied(old.audio.as_ref().unwrap()));
    assert_eq!(old.with_sound_made_anew(), None);

    let mut old = serde_json::to_value(TaskSpec::Assemble(assemble)).unwrap();
    let sound = old["expect"]["audio"].as_object_mut().unwrap();
    assert!(sound.remove("otherwise").is_some());
    let TaskSpec::Assemble(old) = serde_json::from_value(old).unwrap() else {
        panic!("not an assemble");
    };
    assert_eq!(old.with_sound_made_anew(), None);
}

#[test]
fn encoded_sound_is_written_as_before() {
    let (_, (made, _)) = both();
    let how = serde_json::to_value(made.audio.unwrap().how).unwrap();
    assert_eq!(
        how,
        json!({"do": "encode", "encoder": "aac", "bitrate_kbps": how["bitrate_kbps"], "channels": how["channels"],
            "sample_rate": 44_100})
    );
}
