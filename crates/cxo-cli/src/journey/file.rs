//! In which format an event log is: CSV, XES, or OCEL 2.0 JSON flattened by an object type.

use std::path::Path;

use cxo_json::FlattenedRow;
use cxo_xes::{EventKeys, EventRow, Load, Loaded, ObjectType};

use crate::{failure::Failure, reading::Readable};

/// What is said of the file of a log.
pub(crate) const HELP: &str =
    "The event log: CSV, .xes, or OCEL 2.0 as .jsonocel or .json with --object-type (.gz too); - is standard input";

/// The format of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Csv,
    Xes,
    /// Flattened by this type of objects.
    Ocel(String),
}

impl LogFormat {
    /// The format of a file: by its name, of standard input by whether objects are asked for.
    pub(crate) fn of(file: &Path, object_type: Option<&String>) -> Result<Self, Failure> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let extension = Path::new(name.strip_suffix(".gz").unwrap_or(&name)).extension().unwrap_or_default();
        let json = extension == "json" || extension == "jsonocel";
        match object_type {
            Some(of) if json || file == Path::new("-") => Ok(Self::Ocel(of.clone())),
            Some(_) => Err(Failure::usage("--object-type needs an OCEL 2.0 log: FILE.jsonocel or FILE.json")),
            None if json => Err(Failure::usage(
                "whose journeys? An object-centric log (OCEL 2.0) is flattened by a type of its objects: give --object-type TYPE",
            )),
            None if extension == "xes" => Ok(Self::Xes),
            None => Ok(Self::Csv),
        }
    }
}

/// Reads a log that is not CSV.
pub(crate) fn read(
    file: &Readable,
    format: &LogFormat,
    qualifier: Option<&String>,
    keys: &EventKeys,
    mut each: impl FnMut(&EventRow<'_>) -> Result<(), cxo_core::Error>,
) -> Result<(Loaded<()>, Option<FlattenedRow>), Failure> {
    let load = Load::new(file.log_input()).options(file.log_options()?);
    let LogFormat::Ocel(object_type) = format else {
        return Ok((file.counted(load.each_xes(keys, &mut each)?)?, None));
    };
    let mut of = ObjectType::new(object_type.as_str());
    if let Some(qualifier) = qualifier {
        of = of.qualifier(qualifier.as_str());
    }
    let loaded = file.counted(load.each_ocel(&of, keys, &mut each)?)?;
    let flattened = loaded.flattening.map(|flattening| FlattenedRow {
        object_type: object_type.clone(),
        qualifier: qualifier.cloned(),
        objects: flattening.objects,
        silent_objects: flattening.silent_objects,
        shared_events: flattening.shared_events,
        unrelated_events: flattening.unrelated_events,
    });
    Ok((loaded, flattened))
}
