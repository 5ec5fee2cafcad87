//! What a caller keeps of an upload: the file that counts, and how much of it.

use super::{
    claim::{self, Claimed, Fresh},
    place::Place,
};
use crate::{errors::Attempt, store::object_size};
use reelmill_objects::ObjectError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use uuid::Uuid;

/// The state as it lies in the caller's JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// The file; none before the first byte, and for uploads that a version before tokens began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Uuid>,
    /// Where the append ended that gave this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    /// The file that `file` is a copy of: needed until somebody goes on from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Uuid>,
}

/// What an append writes to.
pub struct Target {
    /// Locked.
    pub file: File,
    /// Made for it: to be removed again if nothing comes of it.
    pub made: Option<Made>,
    /// The state that names it.
    pub state: State,
}

/// A file that was made for an append.
pub struct Made {
    place: Place,
    token: Uuid,
}

impl Made {
    /// Removes it.
    pub fn remove(self) {
        self.place.drop_file(self.token);
    }
}

impl State {
    /// Reads what the caller has kept.
    pub fn read(attempt: Attempt<'_>, state: Value) -> Result<Self, ObjectError> {
        serde_json::from_value(state)
            .map_err(|e| attempt.because(format!("its state is none of this store's ({e})")))
    }

    /// For the caller to keep.
    pub fn write(&self, attempt: Attempt<'_>) -> Result<Value, ObjectError> {
        serde_json::to_value(self).map_err(|e| attempt.because(e))
    }

    /// With where its append ended.
    pub fn ending(self, end: u64) -> Self {
        Self {
            end: Some(end),
            ..self
        }
    }

    /// Nothing was ever stored of it.
    pub fn is_new(&self, bytes: u64) -> bool {
        self.file.is_none() && bytes == 0
    }

    /// Where an append from `offset` on may write.
    pub fn target(
        self,
        attempt: Attempt<'_>,
        place: &Place,
        offset: u64,
    ) -> Result<Target, ObjectError> {
        if self.is_new(offset) {
            if object_size(&place.object).is_ok() {
                return Err(attempt.because("it is finished"));
            }
            return Ok(self.moved(place, claim::empty(attempt, place)?));
        }
        match claim::claim(attempt, place, &place.file(self.file), offset)? {
            Claimed::Alone { file, length } if length == offset => {
                if let Some(before) = self.before {
                    place.drop_file(before);
                }
                Ok(Target {
                    file,
                    made: None,
                    state: Self {
                        before: None,
                        ..self
                    },
                })
            }
            // Longer: by an append that nobody has written down, or by one that somebody has.
            Claimed::Alone { file, .. } | Claimed::Busy(file) => {
                let fresh = claim::copy(attempt, place, &file, offset)?;
                Ok(self.moved(place, fresh))
            }
        }
    }

    /// Takes back what lies behind `bytes`.
    pub fn cut(self, attempt: Attempt<'_>, place: &Place, bytes: u64) -> Result<Self, ObjectError> {
        if self.is_new(bytes) {
            return Ok(self);
        }
        let end = Some(bytes);
        match claim::claim(attempt, place, &place.file(self.file), bytes)? {
            Claimed::Alone { length, .. } if length == bytes => Ok(Self { end, ..self }),
            // Nobody has written behind what this state's own append wrote.
            Claimed::Alone { file, length } if self.end == Some(length) => {
                file.set_len(bytes)
                    .and_then(|()| file.sync_all())
                    .map_err(|e| attempt.failed(e))?;
                Ok(Self { end, ..self })
            }
            Claimed::Alone { file, .. } | Claimed::Busy(file) => {
                let fresh = claim::copy(attempt, place, &file, bytes)?;
                fresh.file.sync_all().map_err(|e| attempt.failed(e))?;
                Ok(Self {
                    end,
                    ..self.moved(place, fresh).state
                })
            }
        }
    }

    fn moved(self, place: &Place, fresh: Fresh) -> Target {
        Target {
            file: fresh.file,
            made: Some(Made {
                place: place.clone(),
                token: fresh.token,
            }),
            state: Self {
                file: Some(fresh.token),
                end: None,
                before: self.file,
            },
        }
    }
}
