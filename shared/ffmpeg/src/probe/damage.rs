//! What ffprobe met that is wrong with a file, in plain words. Only what surely is damage: demuxers also complain about
//! files that are merely unusual.

use super::packets::Packets;
use crate::process::Log;

/// How many remarks are kept.
const MOST: usize = 8;

/// Words that demuxers use for damage, and what they mean.
const WORDS: [(&str, &str); 8] = [
    ("partial file", "The file ends in the middle of the film."),
    (
        "File ended prematurely",
        "The file ends in the middle of the film.",
    ),
    (
        "Truncating packet",
        "The file ends in the middle of the film.",
    ),
    (
        "exceeds containing master element",
        "Part of the file's structure is broken.",
    ),
    (
        "as first byte of an EBML number",
        "Part of the file's structure is broken.",
    ),
    ("CRC mismatch", "Part of the file fails its checksum."),
    (
        "Packet corrupt",
        "Some of the film's data is marked as damaged.",
    ),
    ("Error reading packet", "Part of the file can't be read."),
];

/// The remarks, each once.
pub(super) fn damage(log: &Log, packets: &Packets) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    let mut remark = |text: String| {
        if remarks.len() < MOST && !remarks.contains(&text) {
            remarks.push(text);
        }
    };
    let said = [log.first().join("\n"), log.tail()].join("\n");
    for line in said.lines() {
        if let Some((_, meaning)) = WORDS.iter().find(|(words, _)| line.contains(words)) {
            remark((*meaning).to_owned());
        }
    }
    if packets.corrupt > 0 {
        remark(format!(
            "{} packets of the film are marked as damaged.",
            packets.corrupt
        ));
    }
    remarks
}
