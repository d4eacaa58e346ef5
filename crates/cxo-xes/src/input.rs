//! Where the bytes come from, and how they become text.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::LogError;
use crate::error::Problem;

/// A file, a text in memory, or a stream; plain or gzip, told by its first bytes.
pub struct Input {
    pub(crate) name: String,
    kind: Kind,
}

enum Kind {
    Path(PathBuf),
    Stream(Stream),
}

/// A stream of bytes.
type Stream = Box<dyn Read + Send>;

impl Input {
    /// A file, named in messages by its path.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: path.display().to_string(), kind: Kind::Path(path) }
    }

    /// A stream with a name for messages.
    #[must_use]
    pub fn reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), kind: Kind::Stream(Box::new(reader)) }
    }

    /// Content in memory, with a name for messages.
    #[must_use]
    pub fn text(name: impl Into<String>, content: impl AsRef<[u8]>) -> Self {
        Self::reader(name, Cursor::new(content.as_ref().to_vec()))
    }

    /// The bytes, unpacked; those of XML in an encoding other than UTF-8 decoded.
    pub(crate) fn open(self) -> Result<BufReader<Stream>, LogError> {
        let raw: Stream = match self.kind {
            Kind::Path(path) => Box::new(File::open(path)?),
            Kind::Stream(stream) => stream,
        };
        let (head, raw) = peeked(raw, 2)?;
        let raw: Stream = if head.starts_with(&[0x1F, 0x8B]) { Box::new(MultiGzDecoder::new(raw)) } else { raw };
        let (head, raw) = peeked(raw, DECLARATION_BYTES)?;
        if head.trim_ascii().is_empty() {
            return Err(Problem::Empty.into());
        }
        let stream: Stream = match encoding(&head)? {
            // Decoding would replace what is not UTF-8; as it stands it is found and told.
            None => raw,
            Some(encoding) => {
                Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).strip_bom(true).build(raw))
            }
        };
        Ok(BufReader::with_capacity(1 << 16, stream))
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A declaration of an encoding is looked for in so many bytes.
const DECLARATION_BYTES: usize = 512;

/// The first bytes of a stream, and the stream with them still to come.
fn peeked(mut stream: Stream, bytes: usize) -> Result<(Vec<u8>, Stream), LogError> {
    let mut head = Vec::new();
    (&mut stream).take(bytes as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(stream))))
}

/// The encoding of a text that begins like this; none for UTF-8.
fn encoding(head: &[u8]) -> Result<Option<&'static Encoding>, LogError> {
    match head {
        [0xFF, 0xFE, ..] => return Ok(Some(encoding_rs::UTF_16LE)),
        [0xFE, 0xFF, ..] => return Ok(Some(encoding_rs::UTF_16BE)),
        _ => {}
    }
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start_matches('\u{FEFF}').strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let named = declaration.and_then(|(inside, _)| inside.split_once("encoding")).and_then(|(_, rest)| {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.get(1..)?.split_once(quote).map(|(name, _)| name)
    });
    let Some(name) = named else { return Ok(None) };
    let unknown = || LogError::from(Problem::Malformed(format!("the encoding \"{name}\" is not known")));
    let encoding = Encoding::for_label(name.as_bytes()).ok_or_else(unknown)?;
    // Text whose declaration could be read is not UTF-16, whatever the declaration says.
    Ok(Some(encoding).filter(|encoding| encoding.is_ascii_compatible() && *encoding != encoding_rs::UTF_8))
}

/// A reader that knows the line it is on, and refuses to read an element without end.
pub(crate) struct Lines<R> {
    inner: R,
    line: u64,
    since: usize,
}

/// No tag, text or comment of a log is longer; without a limit one that never ends would fill the memory.
const LONGEST: usize = 8 << 20;

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self { inner, line: 1, since: 0 }
    }

    /// The line that is read next, counted from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// A new element begins.
    pub(crate) const fn begin(&mut self) {
        self.since = 0;
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.read(buffer)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > LONGEST {
            let message = format!("an element of more than {LONGEST} bytes; is a quote or a tag never closed?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        // What is consumed has just been filled, so looking at it again reads nothing.
        let passed = self.inner.fill_buf().ok().and_then(|filled| filled.get(..bytes)).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.since += bytes;
        self.inner.consume(bytes);
    }
}
