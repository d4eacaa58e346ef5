//! The document of the response funnel: `cxo.response`.

use cxo_core::domain::LoadReport;
use serde::{Deserialize, Serialize};

use crate::{Document, Entry, Error, ResponseRow, entry::shown, quantity::share};

/// `cxo.response`: how far invitations came, all of them and by segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseDocument {
    /// All invitations first, then the segments in the order of their bytes.
    pub results: Vec<Entry<ResponseRow>>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

impl ResponseRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { seen_rate, start_rate, completion_rate, response_rate, dismissal_rate, .. } = self;
        let rates = [seen_rate, start_rate, completion_rate, response_rate, dismissal_rate];
        rates.into_iter().flatten().try_for_each(|rate| share("rate", rate.rate))
    }
}

impl Document for ResponseDocument {
    const FORMAT: &'static str = "cxo.response";

    fn check(&self) -> Result<(), Error> {
        shown(&self.results).try_for_each(ResponseRow::check)
    }
}
