//! Where a stream is, and whether a line that was heard is its next. Pure.

use reelmill_domain::{api::ProgressView, event::Telling, id::JobId};
use reelmill_store::events::Told;

/// One stream or the other.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// A job's, after this number of its story.
    Job(JobId, u64),
    /// Everyone's, after this id.
    All(i64),
}

/// What a line that was heard is to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    /// Its next.
    Next,
    /// One that it has told, or none of its.
    Not,
    /// A later one: something was missed.
    Later,
}

impl Place {
    /// After this line.
    pub fn after(self, line: &Told) -> Self {
        match self {
            Self::Job(job, _) => Self::Job(job, line.seq),
            Self::All(_) => Self::All(line.id),
        }
    }

    /// What a line is that was heard, with the line `after` before it.
    pub fn fits(self, after: i64, line: &Told) -> Fits {
        match self {
            Self::Job(job, seq) if line.job == job => match line.seq {
                told if told <= seq => Fits::Not,
                next if next == seq + 1 => Fits::Next,
                _ => Fits::Later,
            },
            Self::Job(..) => Fits::Not,
            Self::All(id) if line.id <= id => Fits::Not,
            Self::All(id) if after <= id => Fits::Next,
            Self::All(_) => Fits::Later,
        }
    }

    /// Whether it is this job's stream, which need not wait for the lines of others.
    pub fn is_of(self, job: JobId) -> bool {
        matches!(self, Self::Job(mine, _) if mine == job)
    }

    /// Whether nothing can follow a line.
    pub fn ends_with(self, line: &Told) -> bool {
        matches!((self, &line.telling), (Self::Job(..), Telling::Deleted))
    }

    /// Whether it shows this progress.
    pub fn shows(self, view: &ProgressView) -> bool {
        match self {
            Self::Job(job, _) => job == view.job,
            Self::All(_) => true,
        }
    }

    /// What `Last-Event-ID` says of it.
    pub fn id(self) -> String {
        match self {
            Self::Job(_, seq) => seq.to_string(),
            Self::All(id) => id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelmill_domain::time::Timestamp;
    use uuid::Uuid;

    fn line(job: u128, seq: u64, id: i64) -> Told {
        Told {
            id,
            job: JobId(Uuid::from_u128(job)),
            owner: String::new(),
            seq,
            telling: Telling::Deleted,
            at: Timestamp(0),
        }
    }

    #[test]
    fn a_stream_takes_its_next_line_and_notices_what_it_missed() {
        let mine = Place::Job(JobId(Uuid::from_u128(1)), 3);
        assert_eq!(mine.fits(8, &line(1, 3, 9)), Fits::Not);
        assert_eq!(mine.fits(9, &line(1, 4, 12)), Fits::Next);
        assert_eq!(mine.fits(12, &line(1, 5, 13)), Fits::Later);
        assert_eq!(mine.fits(9, &line(2, 4, 12)), Fits::Not);
        let all = Place::All(10);
        assert_eq!(all.fits(9, &line(1, 4, 10)), Fits::Not);
        assert_eq!(all.fits(10, &line(1, 4, 12)), Fits::Next);
        assert_eq!(all.fits(12, &line(1, 5, 13)), Fits::Later);
        assert!(mine.is_of(JobId(Uuid::from_u128(1))));
        assert!(!all.is_of(JobId(Uuid::from_u128(1))));
        assert!(mine.ends_with(&line(1, 4, 12)));
        assert!(!all.ends_with(&line(1, 4, 12)));
    }
}
