//! What the doctor found, in the shape of its report.

use crate::show::one_line;
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// Works, with something less.
    Note,
    /// Reelmill can't work here until it is mended.
    Fault,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn good(check: &str, found: impl Into<String>) -> Self {
        Self::new(check, Level::Good, found.into(), None)
    }

    /// Works, with something less.
    pub fn note(check: &str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(check, Level::Note, found.into(), Some(mend.into()))
    }

    /// Can't work until it is mended.
    pub fn fault(check: &str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(check, Level::Fault, found.into(), Some(mend.into()))
    }

    fn new(check: &str, level: Level, found: String, mend: Option<String>) -> Self {
        Self {
            check: check.to_owned(),
            level,
            found: one_line(&found),
            mend,
        }
    }

    /// For people: what was found, and below it the mend.
    pub fn lines(&self) -> Vec<String> {
        let mark = match self.level {
            Level::Good => "ok  ",
            Level::Note => "note",
            Level::Fault => "BAD ",
        };
        let mut lines = vec![format!("{mark}  {:<14} {}", self.check, self.found)];
        lines.extend(
            self.mend
                .iter()
                .map(|mend| format!("      {:<14} → {mend}", "")),
        );
        lines
    }
}
