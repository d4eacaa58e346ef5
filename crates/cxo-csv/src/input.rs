//! Where the bytes come from.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// A file, a text in memory, or a stream that can be read once.
pub struct Input {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Path(PathBuf),
    Bytes(Bytes),
    Stream(Box<dyn Read + Send>),
}

/// Bytes that are read more than once.
#[derive(Clone)]
pub(crate) struct Bytes(pub(crate) Arc<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Input {
    /// A file, named in messages by its path.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { name: path.display().to_string(), kind: Kind::Path(path) }
    }

    /// Standard input, named `stdin` in messages.
    #[must_use]
    pub fn stdin() -> Self {
        Self::reader("stdin", std::io::stdin())
    }

    /// A stream with a name for messages. It can be read only once; see
    /// [`Options::date_format`](crate::Options::date_format).
    #[must_use]
    pub fn reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), kind: Kind::Stream(Box::new(reader)) }
    }

    /// Content in memory, with a name for messages.
    #[must_use]
    pub fn text(name: impl Into<String>, content: impl AsRef<[u8]>) -> Self {
        Self { name: name.into(), kind: Kind::Bytes(Bytes(Arc::new(content.as_ref().to_vec()))) }
    }

    /// The same input once more, unless it is a stream.
    pub(crate) fn again(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Path(path) => Kind::Path(path.clone()),
            Kind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
            Kind::Stream(_) => return None,
        };
        Some(Self { name: self.name.clone(), kind })
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}
