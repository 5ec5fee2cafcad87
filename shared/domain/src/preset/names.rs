//! The names that outputs are offered under, in `--out` folders and `/media` URLs alike. User text ends here: it is
//! shown and served, but never becomes a path, an object key or an argument.

use super::{Container, Preset};
use std::collections::BTreeMap;

/// Longest stem, in bytes: with preset, number and extension a name stays far below the 255 bytes of file systems.
const MOST_STEM_BYTES: usize = 100;

/// A name for each of these presets' outputs, all different: `<source stem>.<extension>`, or
/// `<stem>.<preset>.<extension>` where two would share it.
pub fn file_names(source_name: &str, presets: &[Preset]) -> Vec<String> {
    let stem = safe_stem(source_name);
    let short = |p: &Preset| format!("{}.{}", stem_for(&stem, p), p.container.extension());
    let long = |p: &Preset| {
        let name = p.shown_name();
        format!("{}.{name}.{}", stem_for(&stem, p), p.container.extension())
    };
    let shorts = count(presets.iter().map(short));
    let names: Vec<String> = presets
        .iter()
        .map(|p| {
            let name = short(p);
            if shorts.get(&name) == Some(&1) {
                name
            } else {
                long(p)
            }
        })
        .collect();
    number_repeats(names)
}

fn stem_for<'a>(stem: &'a str, preset: &Preset) -> &'a str {
    if preset.container == Container::Images {
        "poster"
    } else {
        stem
    }
}

/// The name's last component without extension, and without anything that a file system, a shell, a header or a
/// reader could take for something else. Letters of every script stay. Never empty, at most 100 bytes.
fn safe_stem(source_name: &str) -> String {
    let name = source_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && looks_like_extension(extension) => stem,
        _ => name,
    };
    let kept: String = stem
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|&c| is_harmless(c))
        .collect();
    let mut safe = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    safe.truncate(safe.floor_char_boundary(MOST_STEM_BYTES));
    let safe = safe
        .trim_start_matches(['.', '-', ' '])
        .trim_end_matches(['.', ' ']);
    if safe.is_empty() {
        "video".into()
    } else {
        safe.into()
    }
}

fn looks_like_extension(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_harmless(c: char) -> bool {
    let quotes = ['"', '\'', '`', '´', '‘', '’', '“', '”', '«', '»'];
    let special = [':', '*', '?', '<', '>', '|', '%', '#', '$', ';', '\u{fffd}'];
    !c.is_control() && !quotes.contains(&c) && !special.contains(&c) && !is_invisible(c)
}

/// Marks that change how text reads without being seen: zero-width, writing direction, byte order, tags, private use.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffc}'
        | '\u{e0000}'..='\u{10ffff}')
}

fn count(names: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

/// The same preset asked twice, or two inline ones without names: `-2`, `-3` before the extension.
fn number_repeats(names: Vec<String>) -> Vec<String> {
    let mut made: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let mut unique = name.clone();
        let mut n = 2;
        while made.contains(&unique) {
            unique = match name.rsplit_once('.') {
                Some((stem, extension)) => format!("{stem}-{n}.{extension}"),
                None => format!("{name}-{n}"),
            };
            n += 1;
        }
        made.push(unique);
    }
    made
}
