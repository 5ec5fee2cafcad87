//! `Upload-Metadata`: comma-separated pairs of a key and a base64 value. Only the name is understood; the rest is kept as it came.

use super::headers::invalid;
use crate::uploads::base64::lenient;
use reelmill_runtime::http::ApiProblem;

/// Longest header taken, in bytes.
const LONGEST: usize = 8 * 1024;

/// The file's name: `filename`, or else `name`.
pub fn file_name(metadata: &str) -> Result<Option<String>, ApiProblem> {
    let refused = |why| Err(invalid("Upload-Metadata", why));
    if metadata.len() > LONGEST {
        return refused("it has more than 8 KiB");
    }
    let (mut filename, mut name) = (None, None);
    for pair in metadata.split(',').map(str::trim) {
        if pair.is_empty() {
            continue;
        }
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let Some(value) = lenient(value) else {
            return refused("a value is not base64");
        };
        let value = String::from_utf8_lossy(&value).into_owned();
        match key {
            "filename" => filename = Some(value),
            "name" => name = Some(value),
            _ => {}
        }
    }
    Ok(filename.or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_and_nonsense_is_refused() {
        let named = |text| file_name(text).unwrap();
        assert_eq!(named(""), None);
        assert_eq!(named("is_confidential"), None);
        assert_eq!(named("filename YS5tcDQ="), Some("a.mp4".into()));
        assert_eq!(named("name Yg==, filename YQ==,type "), Some("a".into()));
        assert_eq!(named("name Yg=="), Some("b".into()));
        assert!(file_name("filename §").is_err());
        assert!(file_name(&"a,".repeat(5000)).is_err());
    }
}
