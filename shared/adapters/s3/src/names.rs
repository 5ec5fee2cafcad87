//! Names in the bucket: objects at prefix and key, tails of uploads at `.tails/KEY/UPLOAD.PIECE`. Keys never have a
//! segment that starts with a dot, so the two can't meet.

/// Where the tails are, below the prefix.
const TAILS: &str = ".tails/";
/// Where runs keep what they make on the way, below the prefix.
const WORK: &str = "work/";
/// Sorts behind every tail, and before everything that follows: `0` comes after `/`.
const BEHIND_TAILS: &str = ".tails0";

/// The names below a prefix.
#[derive(Debug, Clone)]
pub struct Names {
    /// Empty, or ending in `/`.
    root: String,
}

impl Names {
    /// Below `prefix`, with or without slashes around it.
    pub fn below(prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        let root = match prefix {
            "" => String::new(),
            some => format!("{some}/"),
        };
        Self { root }
    }

    /// The name of an object, or what the names of objects with that beginning begin with.
    pub fn object(&self, key: &str) -> String {
        format!("{}{key}", self.root)
    }

    /// The key behind a name.
    pub fn key<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(&self.root)
    }

    /// Whether it is a tail's.
    pub fn is_tail(&self, name: &str) -> bool {
        self.key(name).is_some_and(|key| key.starts_with(TAILS))
    }

    /// What a listing goes on after when it has met a tail.
    pub fn behind_tails(&self) -> String {
        format!("{}{BEHIND_TAILS}", self.root)
    }

    /// What the names of all tails begin with whose uploads' keys begin with `prefix`.
    pub fn tails(&self, prefix: &str) -> String {
        format!("{}{TAILS}{prefix}", self.root)
    }

    /// What the names of an upload's tails begin with.
    pub fn tails_of(&self, key: &str, upload: &str) -> String {
        format!("{}{TAILS}{key}/{upload}.", self.root)
    }

    /// The name of a piece of an upload's tail.
    pub fn tail(&self, key: &str, upload: &str, piece: &str) -> String {
        format!("{}{piece}", self.tails_of(key, upload))
    }

    /// The upload's key and the rest, of a tail's name.
    pub fn tail_key<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        self.key(name)?.strip_prefix(TAILS)?.rsplit_once('/')
    }

    /// The name of the tail that [`Names::tail_key`] took apart.
    pub fn tail_again(&self, key: &str, rest: &str) -> String {
        format!("{}{TAILS}{key}/{rest}", self.root)
    }

    /// What stands for a key when it is tried out whether one may write and read. It lies where runs keep their files, so
    /// that rights to a part of the bucket show; no key can be the same, so it is in no listing.
    pub fn trial(&self) -> String {
        format!("{WORK}.check/write")
    }

    /// The key of an upload that is only to tell how many parts it may have, and never becomes an object. It lies among
    /// the files that runs make on the way, of a job that no database knows: what a dead process left of it is swept.
    pub fn trial_upload(&self, id: &str) -> String {
        format!("{WORK}part-numbers/{id}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test speaks by panicking")]
mod tests {
    use super::Names;

    #[test]
    fn a_tail_is_no_object_and_leads_back_to_its_key() {
        for prefix in ["", "a", "/a/b/"] {
            let names = Names::below(prefix);
            let tail = names.tail("sources/1", "u", "p");
            assert!(names.is_tail(&tail));
            assert!(!names.is_tail(&names.object("tails/1")));
            assert_eq!(names.tail_key(&tail), Some(("sources/1", "u.p")));
            assert_eq!(names.tail_again("sources/1", "u.p"), tail);
            assert!(tail < names.behind_tails());
            assert!(names.behind_tails() < names.object("0"));
            assert!(names.object("-") < tail, "some keys sort before them");
            assert_eq!(names.key(&names.object("x/y")).unwrap(), "x/y");
        }
    }
}
