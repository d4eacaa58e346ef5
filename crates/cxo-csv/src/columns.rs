//! From the name of a column to its place.

use crate::error::Problem;
use crate::head::Layout;
use crate::{Column, CsvError};

/// Names less alike than this are no suggestion.
const ALIKE: f64 = 0.5;

impl Layout {
    /// The place of the column of this name: its header or the text of its question, exactly, else in any case and
    /// without blanks around it, else its position as `#3`.
    pub(crate) fn place(&self, name: &str) -> Result<usize, CsvError> {
        let relaxed = |text: &str| text.trim().eq_ignore_ascii_case(name.trim());
        let question = |column: &Column, is: &dyn Fn(&str) -> bool| column.question.as_deref().is_some_and(is);
        let rules: [&dyn Fn(&Column) -> bool; 4] = [
            &|column| column.name == name,
            &|column| question(column, &|text| text == name),
            &|column| relaxed(&column.name),
            &|column| question(column, &relaxed),
        ];
        for rule in rules {
            let positions: Vec<usize> = (0..).zip(&self.columns).filter(|(_, c)| rule(c)).map(|(at, _)| at).collect();
            match positions.as_slice() {
                [] => {}
                [place] => return Ok(*place),
                _ => {
                    let positions = positions.iter().map(|place| place + 1).collect();
                    return Err(self.header_error(Problem::RepeatedColumn { name: name.to_owned(), positions }));
                }
            }
        }
        let numbered = name.strip_prefix('#').and_then(|number| number.parse::<usize>().ok());
        let place = numbered.and_then(|number| number.checked_sub(1)).filter(|place| *place < self.columns.len());
        place.ok_or_else(|| {
            let (nearest, columns) = (self.nearest(name), self.listed());
            self.header_error(Problem::UnknownColumn { name: name.to_owned(), nearest, columns })
        })
    }

    /// The place of a column that may be missing, unless it was asked for by name; the empty name asks for none. Without a
    /// usual name it is only there where it was asked for, whatever columns without a name the header has.
    pub(crate) fn place_of(&self, asked: Option<&str>, usual: &str) -> Result<Option<usize>, CsvError> {
        match asked {
            Some("") => Ok(None),
            Some(name) => self.place(name).map(Some),
            None if usual.is_empty() => Ok(None),
            None if self.columns.iter().any(|column| column.name.trim().eq_ignore_ascii_case(usual)) => {
                self.place(usual).map(Some)
            }
            None => Ok(None),
        }
    }

    fn header_error(&self, problem: Problem) -> CsvError {
        CsvError::from(problem).at_line(self.header_line)
    }

    /// The columns as a message names them: the first of them, where they are many.
    fn listed(&self) -> String {
        const MOST: usize = 20;
        let names = self.columns.iter().take(MOST).map(|column| format!("\"{}\"", column.name));
        let more = self.columns.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("{more} more"));
        names.chain(more).collect::<Vec<_>>().join(", ")
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let wanted = name.trim().to_lowercase();
        let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&known.trim().to_lowercase(), &wanted);
        let known = self.columns.iter().flat_map(|column| [Some(column.name.as_str()), column.question.as_deref()]);
        let likely = known.flatten().map(|known| (likeness(known), known)).filter(|(alike, _)| *alike >= ALIKE);
        likely.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known.to_owned())
    }
}
