//! Whether an object may be made of an upload's parts, told from what the store lists of both. In doubt it may: nobody may
//! lose an object over this.

use crate::read::Head;
use aws_sdk_s3::types::Part;
use md5::{Digest, Md5};

/// What is listed of a part.
pub struct Listed {
    number: i32,
    bytes: u64,
    /// MD5 of its content, where its ETag is one.
    md5: Option<[u8; 16]>,
}

impl Listed {
    /// `None` for what has no number: no object is made of it.
    pub fn of(part: &Part) -> Option<Self> {
        Some(Self {
            number: part.part_number()?,
            bytes: u64::try_from(part.size().unwrap_or_default()).unwrap_or_default(),
            md5: part.e_tag().and_then(digest),
        })
    }
}

/// An object of parts has as ETag the MD5 over its parts' MD5s, and behind a dash how many they are. An upload may have
/// more parts than its object: those of a writer that lost its lock.
pub fn may_be_made_of(head: &Head, mut parts: Vec<Listed>) -> bool {
    let etag = head.etag.as_deref().unwrap_or_default().trim_matches('"');
    let Some((whole, count)) = etag.split_once('-') else {
        return true;
    };
    let Ok(count) = count.parse::<usize>() else {
        return true;
    };
    if parts.len() < count {
        return false;
    }
    if parts.len() > count {
        let mut sizes: Vec<u64> = parts.iter().map(|part| part.bytes).collect();
        sizes.sort_unstable();
        let least: u64 = sizes.iter().take(count).sum();
        let most: u64 = sizes.iter().rev().take(count).sum();
        return (least..=most).contains(&head.bytes);
    }
    parts.sort_unstable_by_key(|part| part.number);
    let mut over = Md5::new();
    for part in &parts {
        match part.md5 {
            Some(md5) => over.update(md5),
            None => return true,
        }
    }
    let over: [u8; 16] = over.finalize().into();
    digest(whole).is_none_or(|whole| whole == over)
}

/// Sixteen bytes in hex, with or without quotes.
fn digest(etag: &str) -> Option<[u8; 16]> {
    let hex = etag.trim_matches('"');
    let number = u128::from_str_radix(hex, 16).ok()?;
    (hex.len() == 32).then_some(number.to_be_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test speaks by panicking")]
mod tests {
    use super::*;

    fn part(number: i32, bytes: u64, content: &str) -> Listed {
        let md5 = Some(Md5::digest(content).into());
        Listed { number, bytes, md5 }
    }

    fn object(bytes: u64, etag: &str) -> Head {
        Head {
            bytes,
            etag: Some(etag.into()),
            metadata: Default::default(),
        }
    }

    /// The ETag of an object of the parts "a" and "b".
    const AB: &str = "\"96e024ba2074fe77e8e965ba43a704be-2\"";

    #[test]
    fn an_object_is_made_of_parts_that_make_its_etag() {
        let ab = object(2, AB);
        assert!(may_be_made_of(&ab, vec![part(7, 1, "b"), part(2, 1, "a")]));
        assert!(!may_be_made_of(&ab, vec![part(2, 1, "b"), part(7, 1, "a")]));
        assert!(!may_be_made_of(&ab, vec![part(1, 1, "a")]));
        assert!(!may_be_made_of(&ab, Vec::new()));
    }

    #[test]
    fn in_doubt_it_may() {
        let more = || vec![part(1, 1, "a"), part(2, 3, "c"), part(3, 1, "b")];
        assert!(may_be_made_of(&object(2, AB), more()));
        assert!(!may_be_made_of(&object(1, AB), more()));
        assert!(!may_be_made_of(&object(5, AB), more()));
        let unknown = Listed {
            md5: None,
            ..part(1, 1, "a")
        };
        assert!(may_be_made_of(
            &object(2, AB),
            vec![unknown, part(2, 1, "c")]
        ));
        assert!(may_be_made_of(
            &object(2, "odd-2"),
            vec![part(1, 1, "a"), part(2, 1, "c")]
        ));
        assert!(may_be_made_of(&object(2, "odd"), vec![part(1, 1, "a")]));
    }
}
