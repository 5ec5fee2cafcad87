//! Reads what `-progress pipe:1` writes: `key=value` lines, a block per report, the last line of which is `progress=`.

/// One report.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FfmpegProgress {
    /// Frames written; 0 without a picture.
    pub frame: u64,
    /// Film time written, in microseconds; 0 while unknown.
    pub out_time_us: u64,
    /// Film seconds per second; 0 while unknown.
    pub speed: f64,
    /// Bytes written; 0 while unknown.
    pub total_size: u64,
    /// The last report of a run.
    pub ended: bool,
}

/// Collects lines until a report is whole.
#[derive(Debug, Default)]
pub(crate) struct ProgressReader {
    report: FfmpegProgress,
    told: FfmpegProgress,
}

impl ProgressReader {
    /// Takes one line; a whole report comes out with whether anything moved since the one before.
    pub(crate) fn line(&mut self, line: &str) -> Option<(FfmpegProgress, bool)> {
        let (key, value) = line.split_once('=')?;
        let value = value.trim();
        let report = &mut self.report;
        // "N/A" and negative times (before the first frame of a source that starts early) stay what was known.
        match key.trim() {
            "frame" => set(&mut report.frame, value),
            // Microseconds in spite of its name, in every version; `out_time_us` came later.
            "out_time_ms" | "out_time_us" => set(&mut report.out_time_us, value),
            "total_size" => set(&mut report.total_size, value),
            "speed" => set(&mut report.speed, value.trim_end_matches('x').trim()),
            "progress" => {
                report.ended = value == "end";
                let moved = report.ended
                    || report.frame > self.told.frame
                    || report.out_time_us > self.told.out_time_us
                    || report.total_size > self.told.total_size;
                self.told = *report;
                return Some((self.told, moved));
            }
            _ => {}
        }
        None
    }

    /// The last whole report.
    pub(crate) fn last(&self) -> FfmpegProgress {
        self.told
    }
}

fn set<T: std::str::FromStr>(field: &mut T, value: &str) {
    if let Ok(value) = value.parse() {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(text: &str) -> Vec<(FfmpegProgress, bool)> {
        let mut reader = ProgressReader::default();
        text.lines().filter_map(|line| reader.line(line)).collect()
    }

    #[test]
    fn reads_what_ffmpeg_5_writes() {
        let got = reports(
            "frame=76\nfps=0.00\nstream_0_0_q=28.0\nbitrate=   0.1kbits/s\ntotal_size=44\nout_time_us=2666666\n\
             out_time_ms=2666666\nout_time=00:00:02.666666\ndup_frames=0\ndrop_frames=0\nspeed=5.33x\nprogress=continue\n\
             frame=132\nfps=98.7\ntotal_size=1055736\nout_time_us=5280000\nspeed=3.9x\nprogress=end\n",
        );
        assert_eq!(
            got,
            [
                (
                    FfmpegProgress {
                        frame: 76,
                        out_time_us: 2_666_666,
                        speed: 5.33,
                        total_size: 44,
                        ended: false
                    },
                    true
                ),
                (
                    FfmpegProgress {
                        frame: 132,
                        out_time_us: 5_280_000,
                        speed: 3.9,
                        total_size: 1_055_736,
                        ended: true
                    },
                    true
                ),
            ]
        );
    }

    #[test]
    fn what_is_not_known_yet_is_zero() {
        let got = reports(
            "frame=0\ntotal_size=N/A\nout_time_us=-46000\nout_time=N/A\nspeed=N/A\nprogress=continue\n",
        );
        assert_eq!(got, [(FfmpegProgress::default(), false)]);
    }

    #[test]
    fn a_repeated_report_is_no_movement() {
        let report = "frame=5\nout_time_us=100\nprogress=continue\n";
        let got = reports(&report.repeat(3));
        let moved: Vec<bool> = got.iter().map(|(_, moved)| *moved).collect();
        assert_eq!(moved, [true, false, false]);
    }

    #[test]
    fn sound_alone_moves_by_time() {
        let got =
            reports("out_time_us=100\nprogress=continue\nout_time_us=200\nprogress=continue\n");
        assert!(got[1].1);
    }

    #[test]
    fn noise_is_passed_over() {
        assert!(reports("no such thing\nframe=abc\n=\n").is_empty());
    }
}
