//! Reads the rows of a file block by block, on one thread or several, with the same result.
//!
//! A block is a fixed number of bytes. The record that is unfinished where a block begins belongs to the block before,
//! up to and including the first line break outside quotes; the records behind it are folded into a state of the
//! block's own, and states are merged in the order of the blocks. So what is folded with what depends on the bytes
//! alone.
//!
//! A thread that takes a block in the middle of a file cannot know whether it begins within quotes. It guesses, from
//! which of both gives rows as wide as the header, and parses. When the block before is finished the guess is checked
//! against what is then known; a block that was guessed wrongly is parsed again. The outcome is that of reading from
//! the first byte to the last, for every input.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use cxo_core::Error;
use cxo_core::domain::LoadReport;

use crate::account::{Account, Fault, Outcome, Part};
use crate::error::Problem;
use crate::head::{BytesRead, Layout, Stream};
use crate::row::Once;
use crate::scan::{Begin, Record, Scanned, scan, scan_text, without_nul};
use crate::{CsvError, Options};

/// Rows by which a guess is judged.
const JUDGED_ROWS: usize = 4;

/// What takes rows in the order of the file.
pub(crate) trait Rows {
    /// The next row.
    fn row(&mut self, record: &Record<'_>) -> Outcome;
    /// The next row, whose line is counted if it is asked for.
    #[inline]
    fn row_on(&mut self, _line: &mut dyn FnMut() -> u64, record: &Record<'_>) -> Outcome {
        self.row(record)
    }
    /// Whether cells of most rows are read as text, so that it is worth while to look at all of a block at once.
    fn wants_text(&self) -> bool {
        false
    }
    /// The rows that follow are those of the next block.
    fn next_block(&mut self) -> Result<(), Error>;
}

/// What folds the rows of one block.
pub(crate) trait Fold: Sync {
    type State: Send;
    /// Buffers that are used again from row to row.
    type Scratch: Default;
    fn start(&self) -> Self::State;
    fn row(&self, state: &mut Self::State, scratch: &mut Self::Scratch, record: &Record<'_>) -> Outcome;
}

/// The states of the blocks so far.
struct Folded<'f, F: Fold, M> {
    fold: &'f F,
    scratch: F::Scratch,
    merged: Option<F::State>,
    last: F::State,
    merge: M,
}

impl<'f, F: Fold, M: FnMut(&mut F::State, F::State) -> Result<(), Error>> Folded<'f, F, M> {
    fn new(fold: &'f F, merge: M) -> Self {
        Self { fold, scratch: F::Scratch::default(), merged: None, last: fold.start(), merge }
    }

    fn push(&mut self, state: F::State) -> Result<(), Error> {
        let finished = std::mem::replace(&mut self.last, state);
        if let Some(merged) = &mut self.merged {
            return (self.merge)(merged, finished);
        }
        self.merged = Some(finished);
        Ok(())
    }

    fn finish(mut self) -> Result<F::State, Error> {
        match self.merged {
            Some(mut merged) => (self.merge)(&mut merged, self.last).map(|()| merged),
            None => Ok(self.last),
        }
    }
}

impl<F: Fold, M: FnMut(&mut F::State, F::State) -> Result<(), Error>> Rows for Folded<'_, F, M> {
    fn row(&mut self, record: &Record<'_>) -> Outcome {
        self.fold.row(&mut self.last, &mut self.scratch, record)
    }

    fn next_block(&mut self) -> Result<(), Error> {
        self.push(self.fold.start())
    }
}

/// The bytes of the rows, block by block.
pub(crate) struct Blocks<'p> {
    pub(crate) stream: Stream,
    pub(crate) read: BytesRead,
    pub(crate) progress: Option<&'p (dyn Fn(u64) + Sync)>,
}

impl Blocks<'_> {
    /// Appends the next block: `bytes` of them, or fewer at the end of the file.
    fn append(&mut self, to: &mut Vec<u8>, bytes: usize) -> Result<usize, CsvError> {
        let begin = to.len();
        to.resize(begin + bytes, 0);
        let mut filled = begin;
        while let Some(room) = to.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.stream.read(room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        to.truncate(filled);
        if let Some(progress) = self.progress {
            progress(self.read.load(Ordering::Relaxed));
        }
        Ok(filled - begin)
    }
}

/// Everything that goes on in the order of the file.
struct Ordered<'l, 'a, R> {
    layout: &'l Layout,
    options: &'l Options,
    account: Account<'a>,
    rows: R,
    ends: Vec<usize>,
    /// The unfinished record at the end of the last block; behind it, while a step is done, the next block.
    carry: Vec<u8>,
    begun: bool,
}

impl<'l, 'a, R: Rows> Ordered<'l, 'a, R> {
    fn new(layout: &'l Layout, options: &'l Options, account: Account<'a>, rows: R) -> Self {
        let ends = vec![0; layout.columns.len()];
        Self { layout, options, account, rows, ends, carry: Vec::new(), begun: false }
    }

    /// Hands over the records of `data` that end before or at the first line break at or behind `until`.
    fn hand_over(&mut self, part: &mut Part, data: &[u8], from: usize, until: usize) -> Scanned {
        let Self { layout, rows, ends, account, .. } = self;
        // Not worth while for the one record that a scan to a place is about.
        let text = if rows.wants_text() && until == usize::MAX { without_nul(data) } else { "" };
        scan_text(data, text, Begin::Record(from), until, layout.delimiter.byte(), ends, |record| {
            let mut line = || account.line() + part.lines_before(record.start(), data, layout);
            let outcome = rows.row_on(&mut line, record);
            if part.note(outcome, data, record, layout) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    }

    /// Takes the next block, which stands behind the first `carried` bytes of the carry.
    fn step(&mut self, carried: usize) -> Result<(), CsvError> {
        let data = std::mem::take(&mut self.carry);
        let mut part = Part::new(0);
        let mut from = 0;
        if std::mem::replace(&mut self.begun, true) {
            let head = self.hand_over(&mut part, &data, 0, carried);
            if !head.reached {
                return self.carry_on(data, 0);
            }
            from = head.next;
            if !part.stopped(self.layout) {
                self.rows.next_block()?;
            }
        }
        if !part.stopped(self.layout) {
            from = self.hand_over(&mut part, &data, from, usize::MAX).next;
        }
        self.account.add(part, &data, from, self.layout)?;
        self.carry_on(data, from)
    }

    /// Keeps what is unfinished.
    fn carry_on(&mut self, mut data: Vec<u8>, from: usize) -> Result<(), CsvError> {
        data.drain(..from.min(data.len()));
        self.carry = data;
        self.check_carry()
    }

    fn check_carry(&self) -> Result<(), CsvError> {
        let limit = self.options.row_bytes;
        if self.carry.len() > limit {
            return Err(CsvError::from(Problem::RowTooLong { limit }).at_line(self.account.line()));
        }
        Ok(())
    }

    /// The end of the file ends the last row, unless a quote is still open.
    fn finish(mut self) -> Result<(LoadReport, R), CsvError> {
        let mut data = std::mem::take(&mut self.carry);
        if !data.is_empty() {
            data.push(b'\n');
            let mut part = Part::new(0);
            let ended = self.hand_over(&mut part, &data, 0, data.len() - 1);
            if !ended.reached {
                data.pop();
                let record = Record::unfinished(&data);
                let reason = "a quote that opens in this row is never closed";
                let fault = Fault { column: None, ..Fault::new(0, data.get(..80).unwrap_or(&data), reason) };
                part.note(fault.rejected(), &data, &record, self.layout);
            }
            self.account.add(part, &data, data.len(), self.layout)?;
        }
        Ok((self.account.finish(), self.rows))
    }
}

/// Hands all rows over in order, on this thread.
pub(crate) fn in_order<R: Rows>(
    mut blocks: Blocks<'_>,
    layout: &Layout,
    options: &Options,
    account: Account<'_>,
    rows: R,
) -> Result<(LoadReport, R), CsvError> {
    let mut ordered = Ordered::new(layout, options, account, rows);
    loop {
        let carried = ordered.carry.len();
        if blocks.append(&mut ordered.carry, options.block_bytes.get())? == 0 {
            return ordered.finish();
        }
        ordered.step(carried)?;
    }
}

/// Folds all rows, each `id` once, on as many threads as the options say.
pub(crate) fn fold<F: Fold>(
    mut blocks: Blocks<'_>,
    layout: &Layout,
    options: &Options,
    account: Account<'_>,
    id: Option<usize>,
    fold: &F,
    merge: impl FnMut(&mut F::State, F::State) -> Result<(), Error> + Send,
) -> Result<(F::State, LoadReport), CsvError>
where
    F::Scratch: Send,
{
    let folded = Folded::new(fold, merge);
    let workers = options.worker_count();
    // Whether an id was seen before is known only in the order of the file.
    if workers < 2 || id.is_some() {
        let (report, once) = in_order(blocks, layout, options, account, Once::new(folded, id))?;
        return Ok((once.into_inner().finish()?, report));
    }
    let mut ordered = Ordered::new(layout, options, account, folded);
    let size = options.block_bytes.get();
    let more = blocks.append(&mut ordered.carry, size)?;
    if more > 0 {
        ordered.step(0)?;
    }
    if more == size {
        ordered = Crew { layout, options, fold, workers }.work(blocks, ordered)?;
    }
    let (report, folded) = ordered.finish()?;
    Ok((folded.finish()?, report))
}

/// A block that was parsed on a guess.
struct Guessed<S> {
    data: Vec<u8>,
    /// Where the first record of its own is thought to begin, what is known of its rows, their state, and where they
    /// end.
    parsed: Option<(usize, Part, S, usize)>,
}

/// What the threads share: the blocks to be read, and what is finished.
struct Desk<'l, 'a, S, R> {
    ordered: Ordered<'l, 'a, R>,
    /// Number of the block that comes next.
    expected: u64,
    /// Finished too early.
    parked: BTreeMap<u64, Guessed<S>>,
    /// Blocks that are being parsed or are parked.
    out: usize,
    spare: Vec<Vec<u8>>,
    failed: Option<CsvError>,
}

struct Queue<'p> {
    blocks: Blocks<'p>,
    next: u64,
    done: bool,
}

struct Crew<'l, F> {
    layout: &'l Layout,
    options: &'l Options,
    fold: &'l F,
    workers: usize,
}

/// A lock that a panicking thread left is as good as any: the panic ends the load anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'l, F: Fold> Crew<'l, F>
where
    F::Scratch: Send,
{
    fn work<'a, M: FnMut(&mut F::State, F::State) -> Result<(), Error> + Send>(
        &self,
        blocks: Blocks<'_>,
        ordered: Ordered<'l, 'a, Folded<'l, F, M>>,
    ) -> Result<Ordered<'l, 'a, Folded<'l, F, M>>, CsvError> {
        let queue = Mutex::new(Queue { blocks, next: 0, done: false });
        let desk =
            Mutex::new(Desk { ordered, expected: 0, parked: BTreeMap::new(), out: 0, spare: Vec::new(), failed: None });
        let changed = Condvar::new();
        std::thread::scope(|scope| {
            for _ in 0..self.workers {
                scope.spawn(|| self.one(&queue, &desk, &changed));
            }
        });
        let desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        match desk.failed {
            Some(error) => Err(error),
            None => Ok(desk.ordered),
        }
    }

    /// What one thread does until there is nothing left to do.
    fn one<M: FnMut(&mut F::State, F::State) -> Result<(), Error>>(
        &self,
        queue: &Mutex<Queue<'_>>,
        desk: &Mutex<Desk<'l, '_, F::State, Folded<'l, F, M>>>,
        changed: &Condvar,
    ) {
        let mut scratch = F::Scratch::default();
        let mut ends = vec![0; self.layout.columns.len()];
        loop {
            let mut open = lock(desk);
            // One block parked for each one in work keeps everybody busy and memory small.
            while open.failed.is_none() && open.out >= 2 * self.workers {
                open = changed.wait(open).unwrap_or_else(PoisonError::into_inner);
            }
            if open.failed.is_some() {
                return;
            }
            open.out += 1;
            let mut data = open.spare.pop().unwrap_or_default();
            drop(open);
            data.clear();
            let taken = {
                let mut queue = lock(queue);
                self.take(&mut queue, &mut data)
            };
            let finished = taken.map(|number| number.map(|number| (number, self.parse(data, &mut ends, &mut scratch))));
            let mut open = lock(desk);
            let done = match finished {
                Ok(Some((number, guessed))) => {
                    open.parked.insert(number, guessed);
                    open.settle_all()
                }
                Ok(None) => {
                    open.out -= 1;
                    changed.notify_all();
                    return;
                }
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                open.failed.get_or_insert(error);
            }
            changed.notify_all();
        }
    }

    /// The number of the next block, read into `data`; none at the end of the file.
    fn take(&self, queue: &mut Queue<'_>, data: &mut Vec<u8>) -> Result<Option<u64>, CsvError> {
        if queue.done {
            return Ok(None);
        }
        let read = queue.blocks.append(data, self.options.block_bytes.get());
        queue.done = !matches!(&read, Ok(bytes) if *bytes > 0);
        let number = queue.next;
        queue.next += 1;
        read.map(|bytes| (bytes > 0).then_some(number))
    }

    fn parse(&self, data: Vec<u8>, ends: &mut [usize], scratch: &mut F::Scratch) -> Guessed<F::State> {
        let Some(from) = self.guess(&data, ends) else { return Guessed { data, parsed: None } };
        let mut part = Part::new(from);
        let mut state = self.fold.start();
        let delimiter = self.layout.delimiter.byte();
        let scanned = scan(&data, Begin::Record(from), usize::MAX, delimiter, ends, |record| {
            let outcome = self.fold.row(&mut state, scratch, record);
            let goes_on = part.note(outcome, &data, record, self.layout);
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        part.lines_before(scanned.next, &data, self.layout);
        Guessed { parsed: Some((from, part, state, scanned.next)), data }
    }

    /// Where the first record begins that is wholly of this block, as far as that can be told from it alone.
    fn guess(&self, data: &[u8], ends: &mut [usize]) -> Option<usize> {
        let delimiter = self.layout.delimiter.byte();
        let width = self.layout.columns.len();
        let mut judge = |from: usize| {
            let (mut rows, mut fit) = (0, 0);
            scan(data, Begin::Record(from), usize::MAX, delimiter, ends, |record| {
                rows += 1;
                fit += usize::from(record.cells == width);
                if rows < JUDGED_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            (rows, fit)
        };
        let outside = memchr::memchr2(b'\n', b'\r', data).map(|at| at + 1);
        let (rows, fit) = outside.map_or((0, 0), &mut judge);
        if rows > 0 && fit == rows {
            return outside;
        }
        let first_break = |begin| scan(data, begin, 0, delimiter, &mut [], |_| ControlFlow::Continue(()));
        let quoted = Some(first_break(Begin::Quoted)).filter(|scanned| scanned.reached).map(|scanned| scanned.next);
        match quoted.map(&mut judge) {
            Some((_, better)) if better > fit => quoted,
            _ => outside,
        }
    }
}

impl<'l, F: Fold, M: FnMut(&mut F::State, F::State) -> Result<(), Error>> Desk<'l, '_, F::State, Folded<'l, F, M>> {
    /// Settles all blocks whose turn it is.
    fn settle_all(&mut self) -> Result<(), CsvError> {
        while self.failed.is_none()
            && let Some(guessed) = self.parked.remove(&self.expected)
        {
            self.settle(guessed)?;
            self.expected += 1;
            self.out -= 1;
        }
        Ok(())
    }

    fn settle(&mut self, guessed: Guessed<F::State>) -> Result<(), CsvError> {
        let Guessed { data, parsed } = guessed;
        let ordered = &mut self.ordered;
        let carried = ordered.carry.len();
        if let Some((from, part, state, next)) = parsed {
            ordered.carry.extend_from_slice(data.get(..from).unwrap_or_default());
            let head = std::mem::take(&mut ordered.carry);
            let delimiter = ordered.layout.delimiter.byte();
            let seen = scan(&head, Begin::Record(0), carried, delimiter, &mut [], |_| ControlFlow::Continue(()));
            if seen == (Scanned { next: head.len(), reached: true }) {
                let mut own = Part::new(0);
                ordered.hand_over(&mut own, &head, 0, carried);
                ordered.account.add(own, &head, head.len(), ordered.layout)?;
                ordered.rows.push(state)?;
                ordered.account.add(part, &data, next, ordered.layout)?;
                ordered.carry = head;
                ordered.carry.clear();
                ordered.carry.extend_from_slice(data.get(next..).unwrap_or_default());
                self.spare.push(data);
                return ordered.check_carry();
            }
            ordered.carry = head;
            ordered.carry.truncate(carried);
        }
        ordered.carry.extend_from_slice(&data);
        self.spare.push(data);
        ordered.step(carried)
    }
}
