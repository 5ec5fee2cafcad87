//! Names that people give their files. They are data: shown, kept, never a path, a key or an argument.

/// What a nameless upload is called.
const NAMELESS: &str = "upload";
/// Longest name, in characters.
const LONGEST: usize = 255;

/// A name without control characters, at most 255 characters long, never empty.
pub fn clean(name: &str) -> String {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    match name.trim() {
        "" => NAMELESS.to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are_but_for_control_characters_and_length() {
        for name in ["../../etc/passwd", "a\"b'c.mp4", "😀 ünï.mkv", "a/b\\c"] {
            assert_eq!(clean(name), name);
        }
        assert_eq!(clean("a\nb\r\0c\u{7f}\u{85}.mp4"), "abc.mp4");
        assert_eq!(clean(&"ü".repeat(300)).chars().count(), 255);
        for empty in ["", " ", "\n\t\0"] {
            assert_eq!(clean(empty), "upload");
        }
    }
}
