//! Reads the lines of ffprobe's `compact` writer: `section|key=value|key=value`, with `\` before what is special.

/// One line, taken apart only as it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// What the line is about: `packet`, `frame`, `stream`, `format`.
    pub(crate) section: &'a str,
    rest: &'a str,
}

impl<'a> Row<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        let (section, rest) = line.split_once('|').unwrap_or((line, ""));
        Self { section, rest }
    }

    /// The fields in order. Values that are not known (`N/A`, `unknown`) are left out; escapes stay as they are.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = Some(self.rest);
        let parts = std::iter::from_fn(move || {
            let text = rest?;
            let (part, after) = match separator(text) {
                Some(at) => (&text[..at], Some(&text[at + 1..])),
                None => (text, None),
            };
            rest = after;
            Some(part)
        });
        parts
            .filter_map(|part| part.split_once('='))
            .filter(|(_, value)| !matches!(*value, "N/A" | "unknown" | ""))
    }
}

/// The first bar that is not escaped.
fn separator(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_bar = byte == b'|' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_bar
    })
}

/// A number in its place, when the text is one.
pub(crate) fn set<T: std::str::FromStr>(field: &mut Option<T>, value: &str) {
    if let Ok(value) = value.parse() {
        *field = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Vec<(&str, &str)> {
        Row::new(line).fields().collect()
    }

    #[test]
    fn takes_a_line_apart() {
        let line = "packet|codec_type=video|pts=N/A|dts=512|flags=K_";
        assert_eq!(Row::new(line).section, "packet");
        assert_eq!(
            fields(line),
            [("codec_type", "video"), ("dts", "512"), ("flags", "K_")]
        );
    }

    #[test]
    fn side_data_and_tags_are_fields_too() {
        let line = "stream|index=0|tag:language=und|side_data|rotation=90";
        assert_eq!(
            fields(line),
            [("index", "0"), ("tag:language", "und"), ("rotation", "90")]
        );
    }

    #[test]
    fn a_hostile_tag_can_not_become_a_field() {
        let line = "stream|tag:language=a\\|width=9\\\\|height=2";
        assert_eq!(
            fields(line),
            [("tag:language", "a\\|width=9\\\\"), ("height", "2")]
        );
    }

    #[test]
    fn lines_without_fields_are_empty() {
        assert!(fields("").is_empty());
        assert!(fields("format|").is_empty());
    }
}
