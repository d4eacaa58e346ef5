//! What holds for every input: no panic, one result for every number of threads and block size, the cells of the `csv`
//! crate, and an account that adds up.

#![allow(clippy::unwrap_used, reason = "functions shared by tests")]

use std::fmt::Write as _;

use cxo_core::survey::Scale;
use cxo_csv::{
    CsvError, DateFormat, Delimiter, Encoding, EventColumns, EventRow, Input, Load, Loaded, Options, Preset,
    ResponseColumns, Strictness,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Everything that a load says about a file: the order of rows, the merges and the report.
type Told = Result<(Vec<(i8, String)>, String, String), String>;

fn told(loaded: Result<Loaded<Vec<(i8, String)>>, CsvError>, rejected: &[u8]) -> Told {
    match loaded {
        Ok(Loaded { value, report, .. }) => {
            assert_eq!(report.rows, report.accepted + report.blank + report.rejected + report.skipped);
            assert_eq!(value.len() as u64, report.accepted);
            let explained: u64 = report.reasons.iter().map(|reason| reason.count).sum();
            assert_eq!(explained, report.rejected + report.skipped);
            assert!(report.reasons.iter().all(|reason| (1..=3).contains(&reason.examples.len())));
            Ok((value, format!("{report:?}"), String::from_utf8_lossy(rejected).into_owned()))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn fold(content: &[u8], columns: &ResponseColumns, options: Options) -> Told {
    let mut rejected = Vec::new();
    let loaded = Load::new(Input::text("f", content)).options(options).rejected(&mut rejected).fold_responses(
        columns,
        Vec::new,
        |rows, response| {
            rows.push((response.rating.value(), response.segments.join("|")));
            Ok(())
        },
        |rows, more| {
            rows.extend(more);
            Ok(())
        },
    );
    told(loaded, &rejected)
}

fn options(block: usize, threads: usize) -> Options {
    let plain = Options::default().delimiter(Delimiter::COMMA).encoding(Encoding::Utf8).preset(Preset::Plain);
    plain.block_bytes(block.try_into().unwrap()).threads(threads.try_into().unwrap())
}

/// Text made of the bytes that matter to a tokeniser.
fn awkward() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::sample::select(b"\"\"\",,\n\n\r9a\xFF\0 ".to_vec());
    vec(bytes, 0..400).prop_map(|body| [b"a,score\n".as_slice(), &body].concat())
}

/// Rows of an event log: names that are text, quoted, NUL or no UTF-8, and times in the forms that files mix.
fn events() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let name = || {
        prop::sample::select(vec![
            b"ann".as_slice(),
            b"b,b",
            "zoé".as_bytes(),
            b"\"q\"",
            b"",
            b"\0",
            b"\xE9",
            b"two words",
        ])
    };
    let time = prop::sample::select(vec![
        "2026-01-02T03:04:05Z",
        "2026-01-02 03:04:05",
        "2026-01-02T03:04:05.250+02:00",
        "2026-01-02",
        "\"2026-01-02T03:04:05Z\"",
        "03/04/2026 05:06",
        "13/04/2026",
        "2026-02-30T00:00:00Z",
        "never",
        "",
    ]);
    let mostly_iso = prop_oneof![8 => Just("2026-01-02T03:04:06Z"), 1 => time];
    let row = (name(), name(), mostly_iso, 0..20_u8).prop_map(|(case, touchpoint, time, width)| {
        let quoted = |text: &[u8]| if text.contains(&b',') { [b"\"", text, b"\""].concat() } else { text.to_vec() };
        let cells = [quoted(case), quoted(touchpoint), time.as_bytes().to_vec()];
        cells[..if width == 0 { 2 } else { 3 }].join(&b',')
    });
    vec(row, 1..40)
}

/// What a load of an event log says: the records, the report and the rejected rows.
fn told_events(content: &[u8], options: Options, at_once: bool) -> Result<(Vec<String>, String), String> {
    let columns = EventColumns::default().journey("case").by("touchpoint");
    let load = Load::new(Input::text("f", content)).options(options);
    let shown = |row: &EventRow<'_>| format!("{:?} {:?}", row.event, row.segments);
    let loaded = if at_once {
        load.fold_events(&columns, Vec::new, |rows, row| {
            rows.push(shown(row));
            Ok(())
        })
    } else {
        let mut rows = Vec::new();
        let loaded = load.each_event(&columns, |row| {
            rows.push(shown(row));
            Ok(())
        });
        loaded.map(|Loaded { report, detected, .. }| Loaded { value: rows, report, detected })
    };
    loaded.map(|Loaded { value, report, .. }| (value, format!("{report:?}"))).map_err(|error| error.to_string())
}

/// Rows as they are, with line breaks, quotes and delimiters in quoted cells.
fn sensible() -> impl Strategy<Value = (Vec<u8>, Vec<[String; 3]>)> {
    let cell = "[ab,\"\n\r é]{0,12}";
    vec((cell, 0..13_u8, cell), 1..60).prop_map(|rows| {
        let rows: Vec<[String; 3]> = rows.into_iter().map(|(a, score, b)| [a, score.to_string(), b]).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["a", "score", "b"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        (writer.into_inner().unwrap(), rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic(content in vec(any::<u8>(), 0..600), strict: bool) {
        let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
        for position in ["#1", "#2", "score"] {
            let columns = ResponseColumns::new(position, Scale::NPS).time("#1").by("#1").weight("#1");
            let _ = fold(&content, &columns, Options::default().strictness(strictness));
        }
    }

    #[test]
    fn every_way_of_reading_tells_the_same(content in awkward(), strict: bool) {
        let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
        let columns = ResponseColumns::new("score", Scale::NPS).by("a");
        let whole = fold(&content, &columns, options(1 << 20, 1).strictness(strictness));
        for block in [1, 2, 3, 7, 64, 65] {
            for threads in [1, 2, 3] {
                let told = fold(&content, &columns, options(block, threads).strictness(strictness));
                prop_assert_eq!(&told, &whole, "blocks of {} on {} threads", block, threads);
            }
        }
    }

    #[test]
    fn cells_are_those_of_the_csv_crate(content in awkward()) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content.as_slice());
        let mut expected = Vec::new();
        for record in reader.byte_records() {
            let record = record.unwrap();
            let score = record.get(1).map(|score| score.trim_ascii().to_vec());
            let (Some(score), Some(a)) = (score, record.get(0)) else { continue };
            // The reader reads 9, 99 and the like; what it says of text is compared where it is text.
            if let (2, b"9", Ok(a)) = (record.len(), score.as_slice(), std::str::from_utf8(a))
                && !a.contains('\0')
            {
                expected.push((9, a.to_owned()));
            }
        }
        let columns = ResponseColumns::new("score", Scale::NPS).by("a");
        let mut found = fold(&content, &columns, options(13, 2)).map(|told| told.0).unwrap_or_default();
        // A last row with an open quote is a row to the csv crate and none to us.
        let open = expected.len() == found.len() + 1 && unclosed(&content);
        if open {
            found.extend(expected.last().cloned());
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn one_pass_over_an_event_log_tells_what_two_tell(rows in events(), strict: bool) {
        let content = [b"case,touchpoint,time\n".as_slice(), &rows.join(&b'\n'), b"\n"].concat();
        let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
        let whole = told_events(&content, options(1 << 20, 1).strictness(strictness), false);
        for block in [1, 5, 64, 1 << 20] {
            for at_once in [true, false] {
                let told = told_events(&content, options(block, 1).strictness(strictness), at_once);
                prop_assert_eq!(&told, &whole, "blocks of {}, at once: {}", block, at_once);
            }
        }
    }

    #[test]
    fn records_of_a_log_are_those_of_the_csv_crate(rows in events(), block in 1..200_usize) {
        let content = [b"case,touchpoint,time\n".as_slice(), &rows.join(&b'\n'), b"\n"].concat();
        let text = |cell: &[u8]| std::str::from_utf8(cell).is_ok_and(|text| !text.is_empty() && !text.contains('\0'));
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content.as_slice());
        let records = reader.byte_records().map(Result::unwrap);
        let whole = |record: &csv::ByteRecord| {
            let at = (record.get(2) == Some(b"2026-01-02T03:04:06Z")).then_some(());
            at.filter(|()| record.iter().all(text)).map(|()| record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect())
        };
        let expected: Vec<Vec<String>> = records.filter_map(|record| whole(&record)).collect();
        let columns = EventColumns::default().journey("case");
        let iso = options(block, 1).date_format(DateFormat::YearFirst);
        let mut found = Vec::new();
        let loaded = Load::new(Input::text("f", &content)).options(iso).each_event(&columns, |row| {
            let time = row.event.time.to_datetime().unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string();
            if time == "2026-01-02T03:04:06Z" {
                found.push(vec![row.event.customer.to_owned(), row.event.touchpoint.to_owned(), time]);
            }
            Ok(())
        });
        prop_assert!(loaded.is_ok());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_a_writer_wrote_is_read((content, rows) in sensible(), block in 1..200_usize, threads in 1..4_usize) {
        let columns = ResponseColumns::new("score", Scale::NPS).by("a").by("b");
        let valid = |row: &[String; 3]| Some((row[1].parse().ok().filter(|score| *score <= 10)?, format!("{}|{}", row[0], row[2])));
        let expected: Vec<(i8, String)> = rows.iter().filter_map(valid).collect();
        let told = fold(&content, &columns, options(block, threads));
        if expected.is_empty() {
            prop_assert_eq!(told.unwrap().0.len(), 0);
        } else {
            prop_assert_eq!(told.unwrap().0, expected);
        }
    }

    #[test]
    fn float_states_have_the_same_bits_on_any_number_of_threads(weights in vec(0.001..1000.0_f64, 1..300), block in 1..100_usize) {
        let mut content = "score,weight\n".to_owned();
        for weight in &weights {
            writeln!(content, "9,{weight}").unwrap();
        }
        let columns = ResponseColumns::new("score", Scale::NPS).weight("weight");
        let sum = |threads| {
            let load = Load::new(Input::text("f", &content)).options(options(block, threads));
            let add = |sum: &mut f64, more| {
                *sum += more;
                Ok(())
            };
            load.fold_responses(&columns, || 0.0, |sum, response| add(sum, response.weight.get()), add).unwrap().value
        };
        let one: f64 = sum(1);
        for threads in 2..5 {
            prop_assert_eq!(one.to_bits(), f64::to_bits(sum(threads)));
        }
    }
}

/// Whether the last quoted cell of a text is never closed, told apart with the state machine of RFC 4180.
fn unclosed(content: &[u8]) -> bool {
    let (mut quoted, mut start, mut closed) = (false, true, false);
    for byte in content {
        if quoted {
            closed = *byte == b'"';
            quoted = !closed;
            continue;
        }
        quoted = *byte == b'"' && (start || closed);
        start = matches!(byte, b',' | b'\n' | b'\r');
        closed = false;
    }
    quoted
}
