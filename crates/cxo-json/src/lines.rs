//! JSON Lines: one result a line, for results of many rows.

use std::io;

use serde::Serialize;

const BUFFER: usize = 64 * 1024;

/// Writes one JSON value a line through a buffer of fixed size.
///
/// ```
/// use cxo_json::Lines;
///
/// let mut lines = Lines::new(Vec::new());
/// for score in [1.5, 2.0] {
///     lines.write(&score)?;
/// }
/// assert_eq!(lines.finish()?, b"1.5\n2.0\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Lines<W: io::Write> {
    writer: W,
    buffer: Vec<u8>,
}

impl<W: io::Write> Lines<W> {
    /// Lines into a writer, which needs no buffer of its own.
    pub fn new(writer: W) -> Self {
        Self { writer, buffer: Vec::with_capacity(BUFFER + 4096) }
    }

    /// Writes one finished line of JSON, such as a whole [document](crate::Document::to_json).
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_text(&mut self, line: &str) -> io::Result<()> {
        self.buffer.extend_from_slice(line.as_bytes());
        self.end_line()
    }

    /// Writes one value as one line.
    ///
    /// # Errors
    /// Those of the writer, and those of the value's own `Serialize`.
    pub fn write<T: Serialize + ?Sized>(&mut self, row: &T) -> io::Result<()> {
        serde_json::to_writer(&mut self.buffer, row)?;
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER {
            self.writer.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes what is still buffered and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.write_all(&self.buffer)?;
        self.writer.flush()?;
        Ok(self.writer)
    }
}
