//! What ffprobe met that is wrong with a file, in plain words. Only what surely is damage: demuxers also complain about
//! files that are merely unusual.

use super::packets::Packets;
use crate::process::Log;

/// How many remarks are kept.
const MOST: usize = 8;

/// What a demuxer's mark on packets means.
const MARKED: &str = "Some of the film's data is marked as damaged.";

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
    ("Packet corrupt", MARKED),
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
    // What was cut off is marked as damaged too, and is told already.
    if packets.corrupt > 0 && remarks.is_empty() {
        remarks.push(MARKED.to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Row;

    fn remarks(said: &str, corrupt: bool) -> Vec<String> {
        let mut log = Log::default();
        log.push(said.as_bytes());
        let mut packets = Packets::default();
        let flags = if corrupt { "__C" } else { "K__" };
        let line = format!("packet|codec_type=video|stream_index=0|pts_time=0.0|flags={flags}");
        packets.read(Row::new(&line));
        damage(&log, &packets)
    }

    #[test]
    fn damage_is_told_once_and_in_words() {
        let cut = "[mov] stream 1, offset 0x31025: partial file\n".repeat(3);
        assert_eq!(
            remarks(&cut, true),
            ["The file ends in the middle of the film."]
        );
        assert_eq!(remarks("", true), [MARKED]);
    }

    #[test]
    fn what_is_merely_unusual_is_no_damage() {
        let said = "[mp3] Estimating duration from bitrate\n[mjpeg] unable to decode APP fields\n";
        assert_eq!(remarks(said, false), Vec::<String>::new());
    }
}
