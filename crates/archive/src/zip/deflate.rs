//! Deflates, and decides whether that is worth it.

use std::io::{self, Write};

use flate2::{Compress, Compression, FlushCompress, Status};

use super::BUFFER;

/// How much of a content is tried before the whole of it.
pub(crate) const SAMPLE: usize = 64 << 10;

/// A compressor that is kept from entry to entry, because setting one up costs more than a small entry.
pub(crate) struct Deflater {
    compress: Compress,
    out: Vec<u8>,
}

impl Deflater {
    pub(crate) fn new() -> Self {
        // The fastest level: documents shrink to about a quarter with it, and export keeps up with a disk. It also
        // never reaches the ratios at which readers suspect a bomb, not even on zeros.
        Self { compress: Compress::new(Compression::fast(), false), out: vec![0; BUFFER / 4] }
    }

    /// Compresses a piece of the current content; what comes out goes to `sink`.
    pub(crate) fn write(&mut self, content: &[u8], sink: &mut impl Write) -> io::Result<()> {
        self.run(content, FlushCompress::None, sink)
    }

    /// Ends the current content. The next piece begins another.
    pub(crate) fn finish(&mut self, sink: &mut impl Write) -> io::Result<()> {
        self.run(&[], FlushCompress::Finish, sink)?;
        self.compress.reset();
        Ok(())
    }

    /// Forgets the current content.
    pub(crate) fn reset(&mut self) {
        self.compress.reset();
    }

    fn run(&mut self, mut content: &[u8], flush: FlushCompress, sink: &mut impl Write) -> io::Result<()> {
        loop {
            let (read, made) = (self.compress.total_in(), self.compress.total_out());
            let status = self.compress.compress(content, &mut self.out, flush).map_err(io::Error::other)?;
            let made = (self.compress.total_out() - made) as usize;
            content = &content[(self.compress.total_in() - read) as usize..];
            sink.write_all(&self.out[..made])?;
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                // Output that did not fill the buffer means that nothing is held back for lack of room.
                _ => content.is_empty() && made < self.out.len(),
            };
            if done {
                return Ok(());
            }
        }
    }

    /// Whether a sample shrinks by more than a tenth.
    pub(crate) fn shrinks(&mut self, sample: &[u8]) -> bool {
        let mut packed = Vec::with_capacity(sample.len());
        // Writing to memory does not fail; if it did, stored is always right.
        let fits = self.run(sample, FlushCompress::Finish, &mut packed).is_ok();
        self.reset();
        fits && worth_it(packed.len() as u64, sample.len() as u64)
    }
}

/// Whether data shrank by more than a tenth: less is not worth the time of reading it back.
pub(crate) fn worth_it(packed: u64, size: u64) -> bool {
    packed < size - size / 10
}

/// Whether contents of this media type are compressed already.
pub(crate) fn is_packed_type(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("image", image)) => !matches!(image, "bmp" | "svg+xml" | "tiff" | "x-icon" | "x-ms-bmp"),
        Some(("video", _)) => true,
        Some(("audio", audio)) => !matches!(audio, "wav" | "x-wav" | "vnd.wave" | "midi" | "aiff" | "basic"),
        Some(("font", font)) => matches!(font, "woff" | "woff2"),
        Some(("application", kind)) => {
            matches!(
                kind,
                "zip"
                    | "gzip"
                    | "x-gzip"
                    | "x-bzip2"
                    | "x-xz"
                    | "zstd"
                    | "x-7z-compressed"
                    | "vnd.rar"
                    | "x-rar-compressed"
                    | "java-archive"
                    | "epub+zip"
                    | "x-compress"
                    | "vnd.android.package-archive"
            ) || kind.starts_with("vnd.openxmlformats-officedocument.")
                || kind.starts_with("vnd.oasis.opendocument.")
        }
        _ => false,
    }
}
