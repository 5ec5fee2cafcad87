//! Names that people give to files and jobs. They are data: shown, kept, never a path, a key or an argument.

/// A name without control characters and without space around it, at most `longest` characters; `None` when nothing is left.
pub fn clean(name: &str, longest: usize) -> Option<String> {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(longest)
        .collect();
    let trimmed = name.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// The name of an upload: at most 255 characters, and `upload` when there is none.
pub fn of_upload(name: &str) -> String {
    clean(name, 255).unwrap_or_else(|| "upload".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are_but_for_control_characters_and_length() {
        for name in ["../../etc/passwd", "a\"b'c.mp4", "😀 ünï.mkv", "a/b\\c"] {
            assert_eq!(of_upload(name), name);
        }
        assert_eq!(of_upload("a\nb\r\0c\u{7f}\u{85}.mp4"), "abc.mp4");
        assert_eq!(of_upload(&"ü".repeat(300)).chars().count(), 255);
        for empty in ["", " ", "\n\t\0"] {
            assert_eq!(of_upload(empty), "upload");
            assert_eq!(clean(empty, 9), None);
        }
    }
}
