//! `did you mean …?` for a setting that doesn't exist. Only suggests; never corrects by itself.

use super::keys::KEYS;

/// `; did you mean …?` for a name that is nearly one of ours, or nothing.
pub(super) fn hint(name: &str) -> String {
    let (section, last) = name.rsplit_once('.').unwrap_or(("", name));
    let near = KEYS.iter().find(|key| {
        let (s, l) = key.name.split_once('.').unwrap_or(("", key.name));
        (l == last && s != section)
            || (s == section && distance(l, last) <= 2)
            || distance(key.name, name) <= 2
    });
    near.map_or_else(String::new, |key| format!("; did you mean `{}`?", key.name))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
