//! An encrypted content: a header, then pieces of 64 KiB, each authenticated.
//!
//! ```text
//! 1 byte     version, 1
//! 60 bytes   the content's key, sealed for its name and length: nonce, key, tag
//! …          pieces: 64 KiB of the content, the last one less, encrypted, and a tag of 16 bytes
//! ```
//! The pieces are a STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, 2015: `StreamBE32` of AES-256-GCM). A piece's nonce
//! holds its number and whether it is the last, so pieces that are missing, more or in another order do not open. The
//! key is of this content alone, which is why the nonces can begin alike. Any piece can be read without the others.

use std::io::{self, Read, Seek, SeekFrom, Write};

use aead_stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use saibo_model::node::Content;
use saibo_store::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use super::{Keys, SEALED_KEY, TAG, random};

/// What follows the version, and so on, may change with it.
const VERSION: u8 = 1;

/// Bytes ahead of the first piece.
const HEADER: usize = 1 + SEALED_KEY;

/// Bytes of a content in one piece: what a read of one byte decrypts.
const PIECE: usize = 64 * 1024;

type Stream = StreamBE32<Aes256Gcm>;

fn stream_of(key: &[u8; 32]) -> Stream {
    StreamBE32::from_aead(Aes256Gcm::new(key.into()), &aead_stream::Nonce::<Aes256Gcm, Stream>::default())
}

/// Encrypts what is written to it.
pub(crate) struct Encryptor {
    key: Zeroizing<[u8; 32]>,
    stream: Stream,
    number: u32,
    /// Not yet encrypted: it may be the last piece.
    piece: Vec<u8>,
}

impl Encryptor {
    /// Begins: leaves room for the header.
    pub(crate) fn begin(out: &mut impl Write) -> Result<Self> {
        out.write_all(&[0; HEADER]).map_err(|e| Error::io("writing an encrypted content", e))?;
        let key = Zeroizing::new(random()?);
        let stream = stream_of(&key);
        Ok(Self { key, stream, number: 0, piece: Vec::with_capacity(PIECE + TAG) })
    }

    /// Takes what fits into a piece; how much that was.
    pub(crate) fn write(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<usize> {
        if self.piece.len() == PIECE && !bytes.is_empty() {
            self.put(false, out)?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or(bytes));
        Ok(taken)
    }

    fn put(&mut self, last: bool, out: &mut impl Write) -> io::Result<()> {
        self.stream
            .encrypt_in_place(self.number, last, &[], &mut self.piece)
            .map_err(|_| io::Error::other("a content could not be encrypted"))?;
        out.write_all(&self.piece)?;
        self.piece.clear();
        self.number =
            self.number.checked_add(1).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(())
    }

    /// Writes the last piece, and the header of the content that this was.
    pub(crate) fn finish(
        mut self,
        keys: &Keys,
        name: &[u8; 32],
        length: u64,
        out: &mut (impl Write + Seek),
    ) -> Result<()> {
        let failed = |e| Error::io("writing an encrypted content", e);
        self.put(true, out).map_err(failed)?;
        let sealed = keys.seal_file_key(&self.key, name, length)?;
        out.seek(SeekFrom::Start(0)).map_err(failed)?;
        out.write_all(&[VERSION]).and_then(|()| out.write_all(&sealed)).map_err(failed)
    }
}

/// Encrypts a content that is in memory.
pub(crate) fn encrypt(keys: &Keys, content: &Content, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = io::Cursor::new(Vec::with_capacity(HEADER + bytes.len() + TAG));
    let mut encryptor = Encryptor::begin(&mut out)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = encryptor.write(rest, &mut out).map_err(|e| Error::io("encrypting a content", e))?;
        rest = rest.get(taken..).unwrap_or_default();
    }
    encryptor.finish(keys, &content.name, content.length, &mut out)?;
    Ok(out.into_inner())
}

/// Decrypts a content that is in memory.
pub(crate) fn decrypt(keys: &Keys, content: &Content, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut decrypted = Vec::new();
    Decryptor::open(keys, content, io::Cursor::new(bytes))?
        .read_to_end(&mut decrypted)
        .map_err(|e| Error::io("decrypting a content", e))?;
    Ok(decrypted)
}

/// A content as it was before it was encrypted.
pub(crate) struct Decryptor<R> {
    inner: R,
    stream: Stream,
    length: u64,
    position: u64,
    /// The piece that was decrypted last, and its number.
    piece: Vec<u8>,
    number: Option<u64>,
}

impl<R: Read + Seek> Decryptor<R> {
    /// Reads the header.
    pub(crate) fn open(keys: &Keys, content: &Content, mut inner: R) -> Result<Self> {
        let doing = "opening an encrypted content";
        let mut header = [0; HEADER];
        inner.read_exact(&mut header).map_err(|e| Error::io(doing, e))?;
        let [version, sealed @ ..] = &header;
        if *version != VERSION {
            return Err(Error::new(
                ErrorKind::Corrupt,
                "opening a content encrypted in a form not known here",
            ));
        }
        let key = keys.open_file_key(sealed, content).ok_or_else(|| Error::new(ErrorKind::Corrupt, doing))?;
        Ok(Self {
            inner,
            stream: stream_of(&key),
            length: content.length,
            position: 0,
            piece: Vec::new(),
            number: None,
        })
    }

    /// Makes the piece of that number the one that is decrypted.
    fn load(&mut self, number: u64) -> io::Result<()> {
        let (piece, whole) = (PIECE as u64, (PIECE + TAG) as u64);
        // An empty content has a piece, too; one that ends with a piece has none after it.
        let last = number == self.length.saturating_sub(1) / piece;
        let plain = if last { self.length - number * piece } else { piece };
        let counter = u32::try_from(number).map_err(io::Error::other)?;
        // Until it is whole and right, there is none.
        self.number = None;
        self.inner.seek(SeekFrom::Start(HEADER as u64 + number * whole))?;
        self.piece.resize(usize::try_from(plain).map_err(io::Error::other)? + TAG, 0);
        self.inner.read_exact(&mut self.piece)?;
        self.stream.decrypt_in_place(counter, last, &[], &mut self.piece).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, "an encrypted content was changed, or cut")
        })?;
        self.number = Some(number);
        Ok(())
    }
}

impl<R: Read + Seek> Read for Decryptor<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Of an empty content, too, the one piece there is gets authenticated.
        let ended = self.position > self.length || (self.position == self.length && self.length > 0);
        if out.is_empty() || ended {
            return Ok(0);
        }
        let number = self.position / PIECE as u64;
        if self.number != Some(number) {
            self.load(number)?;
        }
        let start = usize::try_from(self.position % PIECE as u64).map_err(io::Error::other)?;
        let count = self.piece.get(start..).unwrap_or_default().read(out)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Decryptor<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
