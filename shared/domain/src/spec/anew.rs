//! What becomes of a task when sound that was to be copied had to be made anew. It changes nothing else of the task: what the
//! plan doesn't foresee can't be done.

use super::{AssembleSpec, AudioHow, AudioSpec, EncodeSpec, ExpectAudio};

impl EncodeSpec {
    /// The same encode with its sound decoded and made anew; `None` unless it was to be copied and the plan says how else.
    pub fn with_sound_made_anew(&self) -> Option<Self> {
        let sound = self.audio.as_ref()?;
        let AudioHow::Copy {
            otherwise: Some(encode),
        } = &sound.how
        else {
            return None;
        };
        Some(Self {
            audio: Some(AudioSpec {
                how: AudioHow::Encode(encode.clone()),
                ..*sound
            }),
            ..self.clone()
        })
    }
}

impl AssembleSpec {
    /// The same task for a part whose sound had to be made anew: it must be what the encoder makes, and nothing of the
    /// source's damage is excused in it. `None` when the plan didn't foresee that.
    pub fn with_sound_made_anew(&self) -> Option<Self> {
        let sound = self.expect.audio.as_ref()?;
        let anew = sound.otherwise.clone()?;
        let mut spec = self.clone();
        spec.expect.audio = Some(ExpectAudio {
            codec: anew.codec,
            channels: anew.channels,
            copied: false,
            otherwise: None,
            ..*sound
        });
        Some(spec)
    }
}
