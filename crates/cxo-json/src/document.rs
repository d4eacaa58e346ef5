//! What all documents share: the envelope of format and version, writing, and checked reading.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Error;

/// A JSON document with a format name and a version.
///
/// Implemented by every document of this crate; see the crate documentation for an example.
pub trait Document: Serialize + DeserializeOwned {
    /// The format name, such as `cxo.nps`.
    const FORMAT: &'static str;

    /// Checks what types alone cannot: ranges, and keys that depend on each other.
    ///
    /// # Errors
    /// [`Error::Value`] with the key, the value and what is allowed.
    fn check(&self) -> Result<(), Error>;

    /// Writes the document, indented, with a line break at the end.
    ///
    /// # Errors
    /// Those of the writer.
    fn to_writer<W: io::Write>(&self, mut writer: W) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut writer, &Envelope::of(self))?;
        writer.write_all(b"\n")
    }

    /// The document as one line of text, without a line break.
    #[must_use]
    fn to_json(&self) -> String {
        // Serialising our own structs into memory cannot fail: string keys, no fallible parts.
        serde_json::to_string(&Envelope::of(self)).unwrap_or_default()
    }

    /// Reads a document: format, version, then every key, then [`check`](Self::check).
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::Format`], [`Error::Version`] or [`Error::Value`]; arbitrary bytes never panic.
    fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let json = |source| Error::Json { format: Self::FORMAT, source };
        let header: Header = serde_json::from_slice(bytes).map_err(json)?;
        if header.format != Self::FORMAT {
            return Err(Error::Format { found: header.format, expected: Self::FORMAT });
        }
        if header.version != 1 {
            return Err(Error::Version { format: Self::FORMAT, found: header.version, known: "1" });
        }
        let document: Self = serde_json::from_slice(bytes).map_err(json)?;
        document.check()?;
        Ok(document)
    }
}

#[derive(Serialize)]
struct Envelope<'a, D> {
    format: &'static str,
    version: u64,
    #[serde(flatten)]
    document: &'a D,
}

impl<'a, D: Document> Envelope<'a, D> {
    fn of(document: &'a D) -> Self {
        Self { format: D::FORMAT, version: 1, document }
    }
}

#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}
