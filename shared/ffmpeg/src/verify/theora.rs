//! Counts the frames that an Ogg file holds of its Theora stream. A frame that equals the one before is an empty packet
//! there, which ffmpeg passes over, so that decoding alone can't tell a still scene from lost frames. Reads page
//! headers only.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// A page's header up to its segment table (RFC 3533, section 6).
const HEADER: usize = 27;

/// Packets before the first frame: identification, comments, setup (Theora I specification, section 6.1).
const HEADERS: u64 = 3;

/// Bytes of the identification header up to the field that holds the granule shift, that field included (section 6.2).
const IDENTIFICATION: usize = 42;

/// What a Theora stream holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Frames {
    /// Frames in all.
    pub(super) all: u64,
    /// Those that are coded; the others equal the one before them.
    pub(super) coded: u64,
    /// Frames that the stream's own count has and that are not there.
    pub(super) lost: u64,
}

/// The frames of the first Theora stream in `file`; `None` when it has none.
///
/// # Errors
/// The file can't be read. Pages that are broken are lost frames.
pub(super) fn frames(file: &Path) -> io::Result<Option<Frames>> {
    let mut stream = None;
    let walked = walk(BufReader::new(File::open(file)?), &mut stream);
    let mut frames = stream.map(|stream| stream.frames);
    if let Err(error) = walked {
        let broken = [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof];
        match frames.as_mut().filter(|_| broken.contains(&error.kind())) {
            Some(frames) => frames.lost += 1,
            None => return Err(error),
        }
    }
    Ok(frames)
}

/// Page by page through the file, as far as it is whole.
fn walk(mut file: BufReader<File>, stream: &mut Option<Stream>) -> io::Result<()> {
    while let Some(page) = Page::read(&mut file)? {
        let mut head = [0; IDENTIFICATION];
        let known = page.bytes.min(IDENTIFICATION as u64);
        file.read_exact(&mut head[..known as usize])?;
        file.seek_relative((page.bytes - known) as i64)?;
        if stream.is_none() && page.begins && head.starts_with(b"\x80theora") {
            let field = u16::from_be_bytes([head[40], head[41]]);
            *stream = Some(Stream::new(page.serial, u32::from((field >> 5) & 0x1f)));
        }
        if let Some(stream) = stream.as_mut().filter(|s| s.serial == page.serial) {
            stream.page(&page);
        }
    }
    Ok(())
}

struct Page {
    begins: bool,
    granule: u64,
    serial: u32,
    segments: Vec<u8>,
    bytes: u64,
}

impl Page {
    /// The next page's header; `None` at the end of the file.
    fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = Vec::with_capacity(HEADER);
        from.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        if header.is_empty() {
            return Ok(None);
        }
        let broken = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a page of the Ogg file is broken",
            )
        };
        let header: [u8; HEADER] = header.try_into().map_err(|_| broken())?;
        let [b'O', b'g', b'g', b'S', 0, flags, rest @ ..] = header else {
            return Err(broken());
        };
        let [g0, g1, g2, g3, g4, g5, g6, g7, s0, s1, s2, s3, .., count] = rest;
        let mut segments = vec![0; count.into()];
        from.read_exact(&mut segments)?;
        Ok(Some(Self {
            begins: flags & 2 != 0,
            granule: u64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]),
            serial: u32::from_le_bytes([s0, s1, s2, s3]),
            bytes: segments.iter().map(|s| u64::from(*s)).sum(),
            segments,
        }))
    }
}

struct Stream {
    serial: u32,
    shift: u32,
    headers: u64,
    /// Bytes of the packet that has begun.
    open: u64,
    /// The stream's own count less ours, as first told: a film that begins late starts above zero.
    ahead: Option<u64>,
    frames: Frames,
}

impl Stream {
    fn new(serial: u32, shift: u32) -> Self {
        Self {
            serial,
            shift,
            headers: 0,
            open: 0,
            ahead: None,
            frames: Frames::default(),
        }
    }

    fn page(&mut self, page: &Page) {
        let before = self.frames.all;
        for size in &page.segments {
            self.open += u64::from(*size);
            if *size < u8::MAX {
                self.packet();
            }
        }
        // No packet ends on a page without a count of its own.
        if self.frames.all == before || page.granule == u64::MAX {
            return;
        }
        let key = page.granule >> self.shift;
        let told = key + (page.granule - (key << self.shift));
        let ahead = *self
            .ahead
            .get_or_insert(told.saturating_sub(self.frames.all));
        let lost = told.abs_diff(self.frames.all + ahead);
        self.frames.lost = self.frames.lost.max(lost);
    }

    fn packet(&mut self) {
        if self.headers < HEADERS {
            self.headers += 1;
        } else {
            self.frames.all += 1;
            self.frames.coded += u64::from(self.open > 0);
        }
        self.open = 0;
    }
}
