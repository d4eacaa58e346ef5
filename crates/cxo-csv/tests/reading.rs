//! What a load makes of a file, case by case.

use std::io::Write;

use cxo_core::State;
use cxo_core::domain::{Direction, LoadReport, Rating, Stage, Stages};
use cxo_core::survey::{Scale, Tally};
use cxo_csv::{
    CsvError, CsvErrorKind, DecimalMark, Delimiter, Encoding, FeedbackColumns, Input, Load, Loaded, Options, Preset,
    ResponseColumns, RowColumns, ShortRows, Strictness, TouchpointColumns, TransactionColumns,
};

fn nps(input: Input, columns: &ResponseColumns, options: Options) -> Result<Loaded<Tally>, CsvError> {
    Load::new(input).options(options).fold_responses(
        columns,
        || Tally::new(Scale::NPS),
        |tally, response| tally.add(response.rating),
        |tally, other| tally.merge(&other),
    )
}

fn read(content: impl AsRef<[u8]>) -> Result<Loaded<Tally>, CsvError> {
    nps(Input::text("feedback.csv", content), &ResponseColumns::new("score", Scale::NPS), Options::default())
}

/// Segment texts of each accepted row, joined.
fn segments(content: impl AsRef<[u8]>, columns: &[&str], options: Options) -> Result<Vec<String>, CsvError> {
    let by = columns.iter().fold(ResponseColumns::new("score", Scale::NPS), |all, column| all.by(*column));
    let mut rows = Vec::new();
    Load::new(Input::text("f.csv", content)).options(options).each_response(&by, |response| {
        rows.push(response.segments.join("|"));
        Ok(())
    })?;
    Ok(rows)
}

fn counts(report: &LoadReport) -> [u64; 5] {
    [report.rows, report.accepted, report.blank, report.rejected, report.skipped]
}

#[test]
fn cells_are_those_of_rfc_4180() {
    // Text below a header `a,b,score`, and the cells a and b of each row. The kinds of case are those of csv-spectrum.
    let cases: [(&str, &[&str]); 14] = [
        ("1,2,9\n", &["1|2"]),
        ("1,2,9", &["1|2"]),
        ("\"1\",\"2\",\"9\"\n", &["1|2"]),
        ("\"one, two\",x,9\n", &["one, two|x"]),
        (",\"\",9\n", &["|"]),
        ("\"a\nb\",\"c\r\nd\",9\n", &["a\nb|c\r\nd"]),
        ("\"say \"\"hi\"\"\",\"\"\"\",9\n", &["say \"hi\"|\""]),
        ("{\"\"k\"\": 1},\"{\"\"k\"\": 1}\",9\n", &["{\"\"k\"\": 1}|{\"k\": 1}"]),
        ("ʤ,Zoë,9\n", &["ʤ|Zoë"]),
        ("1,2,9\r\n3,4,9\r\n", &["1|2", "3|4"]),
        ("1,2,9\r3,4,9\r", &["1|2", "3|4"]),
        ("\n\n1,2,9\n\r\n\n3,4,9\n\n", &["1|2", "3|4"]),
        ("mid\"dle,\"x\"y,9\n", &["mid\"dle|xy"]),
        (" 1 , \"2\" ,9\n", &[" 1 | \"2\" "]),
    ];
    for (rows, expected) in cases {
        let found = segments(format!("a,b,score\n{rows}"), &["a", "b"], Options::default()).unwrap();
        assert_eq!(found, expected, "{rows:?}");
    }
}

#[test]
fn encodings_are_found() {
    let utf16 = |big: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain("city,score\nZürich,9\n".encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let cases = [
        (b"\xEF\xBB\xBFcity,score\nZ\xC3\xBCrich,9\n".to_vec(), Encoding::Utf8),
        (b"city,score\nZ\xC3\xBCrich,9\n".to_vec(), Encoding::Utf8),
        (b"city,score\nZ\xFCrich,9\n".to_vec(), Encoding::Windows1252),
        (utf16(false, true), Encoding::Utf16Le),
        (utf16(true, true), Encoding::Utf16Be),
        (utf16(false, false), Encoding::Utf16Le),
        (utf16(true, false), Encoding::Utf16Be),
    ];
    for (content, encoding) in cases {
        assert_eq!(segments(&content, &["city"], Options::default()).unwrap(), ["Zürich"], "{encoding}");
        assert_eq!(Load::new(Input::text("f", &content)).detect().unwrap().encoding, encoding);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&content).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(segments(&packed, &["city"], Options::default()).unwrap(), ["Zürich"], "{encoding} packed");
    }
}

#[test]
fn scores_blank_and_out_of_range() {
    let loaded = read("customer,score\na,9\nb,11\nc,\nd,n/a\ne,\"10\"\nf,11\n").unwrap();
    assert_eq!(loaded.value.counts(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert_eq!(counts(&loaded.report), [6, 2, 1, 3, 0]);
    let reasons = &loaded.report.reasons;
    assert_eq!((reasons[0].reason.as_str(), reasons[0].count), ("score is 11, allowed: 0 to 10", 2));
    assert_eq!((reasons[1].reason.as_str(), reasons[1].count), ("score is n/a, allowed: 0 to 10", 1));
    let example = &reasons[0].examples[0];
    assert_eq!((example.line, example.column.as_str(), example.value.as_str()), (3, "score", "11"));
    assert_eq!(reasons[0].examples[1].line, 7);
}

#[test]
fn a_reason_is_one_line() {
    let report = read("score\n\"two\nlines\"\n").unwrap().report;
    assert_eq!(report.reasons[0].reason, "score is two lines, allowed: 0 to 10");
    assert_eq!(report.reasons[0].examples[0].value, "two\nlines");
}

#[test]
fn lines_count_breaks_within_quotes() {
    let loaded = read("note,score\n\"two\nlines\",9\nx,12\n").unwrap();
    assert_eq!(loaded.report.reasons[0].examples[0].line, 4);
    let loaded = read("note,score\r\n\"two\r\nlines\",9\r\n\r\nx,12\r\n").unwrap();
    assert_eq!(loaded.report.reasons[0].examples[0].line, 5);
    let loaded = read("note,score\rx,9\ry,12\r").unwrap();
    assert_eq!(loaded.report.reasons[0].examples[0].line, 3);
}

#[test]
fn each_failure_has_its_message() {
    let cases: [(&[u8], CsvErrorKind, &str); 9] = [
        (b"", CsvErrorKind::Empty, "feedback.csv: the file is empty"),
        (b"\xEF\xBB\xBF", CsvErrorKind::Empty, "feedback.csv: the file is empty"),
        (b"\n\n", CsvErrorKind::Empty, "feedback.csv: the file is empty"),
        (b"customer,score\n", CsvErrorKind::HeaderOnly, "feedback.csv, line 1: there is a header and no row below it"),
        (
            b"customer,scores\na,9\n",
            CsvErrorKind::UnknownColumn,
            "feedback.csv, line 1: there is no column \"score\"; did you mean \"scores\"?",
        ),
        (
            b"customer,x\na,9\n",
            CsvErrorKind::UnknownColumn,
            "feedback.csv, line 1: there is no column \"score\"; the columns are \"customer\", \"x\"",
        ),
        (
            b"\nscore,x,score\n1,2,3\n",
            CsvErrorKind::RepeatedColumn,
            "feedback.csv, line 2: 2 columns are named \"score\" (#1, #3); name one by its position, such as #1",
        ),
        (b"sc\0re,b\n1,2\n", CsvErrorKind::NotText, "feedback.csv, line 1: the header contains a NUL byte"),
        (
            b"PK\x03\x04rest",
            CsvErrorKind::NotText,
            "feedback.csv: this is a ZIP archive or a workbook; export it as CSV",
        ),
    ];
    for (content, kind, message) in cases {
        let error = read(content).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    }
    let error = nps(Input::path("no/such.csv"), &ResponseColumns::new("score", Scale::NPS), Options::default());
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.file()), (CsvErrorKind::Io, Some("no/such.csv")));
}

#[test]
fn strict_stops_at_the_first_bad_row() {
    let columns = ResponseColumns::new("score", Scale::NPS).weight("weight");
    let strict = || Options::default().strictness(Strictness::Strict);
    let input = || Input::text("feedback.csv", "score,weight\n9,1\n11,1\n12,1\n");
    let error = nps(input(), &columns, strict()).unwrap_err();
    assert_eq!(error.to_string(), "feedback.csv, line 3, column \"score\": score is 11, allowed: 0 to 10");
    assert_eq!((error.kind(), error.line(), error.column()), (CsvErrorKind::BadRow, Some(3), Some("score")));
    assert_eq!((error.value(), error.allowed()), (Some("11"), Some("0 to 10")));
    let input = Input::text("feedback.csv", "score,weight\n9,-1\n");
    let error = nps(input, &columns, strict()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "feedback.csv, line 2, column \"weight\": weight is -1, allowed: a positive finite number"
    );
}

#[test]
fn ragged_rows_and_open_quotes_are_rejected() {
    let loaded = read("customer,score,x\na,9,1\nb,9\nc,9,1,2\nd,9,\"open\ne,9,1\n").unwrap();
    assert_eq!(counts(&loaded.report), [4, 1, 0, 3, 0]);
    let reasons: Vec<_> = loaded.report.reasons.iter().map(|reason| reason.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "a quote that opens in this row is never closed",
            "the row has 2 cells, the header 3",
            "the row has 4 cells, the header 3",
        ]
    );
    let fill = Options::default().short_rows(ShortRows::Fill);
    let columns = ResponseColumns::new("score", Scale::NPS).by("x");
    let loaded = nps(Input::text("f", "customer,score,x\nb,9\nc\n"), &columns, fill).unwrap();
    assert_eq!(counts(&loaded.report), [2, 1, 1, 0, 0]);
}

#[test]
fn a_row_without_end_stops_the_load() {
    let content = format!("a,score\n1,9\n\"{}", "x,\n".repeat(100_000));
    for threads in [1, 2] {
        let options = Options::default()
            .block_bytes(1024.try_into().unwrap())
            .longest_row(4096.try_into().unwrap())
            .threads(threads.try_into().unwrap());
        let error = nps(Input::text("f.csv", &content), &ResponseColumns::new("score", Scale::NPS), options);
        let error = error.unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.csv, line 3: a row of more than 4096 bytes begins here; is a quote never closed?"
        );
    }
}

#[test]
fn bad_text_is_rejected_only_where_it_is_wanted() {
    let content = b"city,score\n\xFC,9\na\0b,8\nok,7\n";
    let options = Options::default().encoding(Encoding::Utf8);
    assert_eq!(segments(content, &["city"], options.clone()).unwrap(), ["ok"]);
    let columns = ResponseColumns::new("score", Scale::NPS);
    assert_eq!(nps(Input::text("f", content), &columns, options).unwrap().value.responses(), 3);
}

#[test]
fn decimal_comma_and_declared_delimiter() {
    let columns = ResponseColumns::new("score", Scale::NPS).weight("weight");
    let options = Options::default().decimal_mark(DecimalMark::Comma);
    let loaded = nps(Input::text("f", "score;weight\n9,0;1,5\n8;0,5\n"), &columns, options).unwrap();
    assert_eq!((loaded.value.responses(), loaded.detected.delimiter), (2, Delimiter::SEMICOLON));
    let options = Options::default().delimiter(Delimiter::new('~').unwrap());
    let loaded = nps(Input::text("f", "score~weight\n9~1.5\n"), &columns, options).unwrap();
    assert_eq!(loaded.value.responses(), 1);
    assert_eq!(read("sep=|\nscore|a,b,c\n9|1\n").unwrap().value.responses(), 1);
}

#[test]
fn ids_count_once() {
    let columns = ResponseColumns::new("score", Scale::NPS).id("id");
    let loaded = nps(Input::text("f", "id,score\na,11\na,9\nb,8\n\"a\",7\n,1\n,2\n"), &columns, Options::default());
    let loaded = loaded.unwrap();
    assert_eq!(counts(&loaded.report), [6, 4, 0, 1, 1]);
    assert_eq!(loaded.value.counts(), [0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0]);
}

#[test]
fn a_date_format_is_found_over_the_whole_column() {
    let columns = ResponseColumns::new("score", Scale::NPS).time("time");
    let times = |input: Input, options: Options| {
        let mut times = Vec::new();
        let loaded = Load::new(input).options(options).each_response(&columns, |response| {
            times.push(response.time.map(|time| time.to_string()));
            Ok(())
        });
        loaded.map(|loaded| (times, loaded.detected.date_format.unwrap().to_string(), loaded.report))
    };
    let content = "time,score\n3/4/2025,9\n,8\n30/4/2025 9:05 PM,9\n31/4/2025,9\n";
    for input in [Input::text("f", content), Input::reader("pipe", content.as_bytes())] {
        let (found, format, report) = times(input, Options::default()).unwrap();
        assert_eq!(found, [Some("2025-04-03T00:00:00Z".to_owned()), None, Some("2025-04-30T21:05:00Z".to_owned())]);
        assert_eq!(format, "day-first");
        assert_eq!(report.reasons[0].reason, "time is a date or time that does not exist");
    }
    let ambiguous = "time,score\n3/4/2025,9\n5/6/2025,8\n";
    let error = times(Input::reader("stdin", ambiguous.as_bytes()), Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stdin, column \"time\": every date can be read with the day or the month first, such as \"3/4/2025\"; give the \
         date format (--date-format)"
    );
    let declared = Options::default().date_format("us".parse().unwrap()).time_zone("America/New_York".parse().unwrap());
    let (found, ..) = times(Input::reader("stdin", ambiguous.as_bytes()), declared).unwrap();
    assert_eq!(found[0].as_deref(), Some("2025-03-04T05:00:00Z"));
}

#[test]
fn a_long_pipe_is_not_kept_whole() {
    let row = |day: usize| format!("{}/{}/2025,9,{}\n", day % 12 + 1, day % 28 + 1, "x".repeat(1 << 10));
    let content: String = std::iter::once("time,score,pad\n".to_owned()).chain((0..20_000).map(row)).collect();
    assert!(content.len() > 16 << 20);
    let columns = ResponseColumns::new("score", Scale::NPS).time("time");
    let input = Input::reader("stdin", std::io::Cursor::new(content));
    let loaded = nps(input, &columns, Options::default()).unwrap();
    assert_eq!((loaded.report.rows, loaded.report.accepted), (20_000, 20_000));
    assert_eq!(loaded.detected.date_format.unwrap().to_string(), "month-first");
}

#[test]
fn rejected_rows_are_written_with_their_reason() {
    let mut out = Vec::new();
    let columns = ResponseColumns::new("score", Scale::NPS);
    let content = "note;score\n\"a;\"\"b\"\"\";11\nok;9\nshort\n";
    Load::new(Input::text("f", content)).rejected(&mut out).each_response(&columns, |_| Ok(())).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "note;score;rejected_line;rejected_column;rejected_reason\n\
         \"a;\"\"b\"\"\";11;2;score;score is 11, allowed: 0 to 10\n\
         short;;4;;the row has 1 cells, the header 2\n"
    );
}

#[test]
fn many_different_reasons_are_counted_together() {
    let content: String = std::iter::once("score\n".to_owned()).chain((11..111).map(|s| format!("{s}\n"))).collect();
    let report = read(content).unwrap().report;
    assert_eq!(report.reasons.len(), 21);
    assert_eq!(report.reasons[0].reason, "score is another value, allowed: 0 to 10");
    assert_eq!(report.reasons.iter().map(|reason| reason.count).sum::<u64>(), 100);
}

#[test]
fn feedback_knows_statuses_scales_and_stages() {
    let content = "customer,time,channel,stage,metric,score,scale,status,comment,weight\n\
        anna,2025-01-02,web,purchase,nps,9,,completed,\"good, fast\",2\n\
        ben,2025-01-02,,,CSAT,4,1-5,started,,1\n\
        ,,,,ces,,,invited,,1\n\
        dora,2025-01-02,web,returns,csat,6,1-7,completed,,1\n\
        emil,2025-01-02,web,purchase,nps,9,,dismissed,,1\n\
        fay,2025-01-02,web,purchase,nsp,9,,completed,,1\n\
        gus,2025-01-02,web,purchase,nps,9,1-50,completed,,1\n\
        hal,2025-01-02,web,elsewhere,nps,9,,completed,,0\n";
    let mut stages = Stages::default();
    let loaded = Load::new(Input::text("feedback.csv", content)).feedback(&FeedbackColumns::default(), &mut stages);
    let loaded = loaded.unwrap();
    assert_eq!(counts(&loaded.report), [8, 4, 0, 4, 0]);
    assert_eq!(loaded.value[0].comment.as_deref(), Some("good, fast"));
    assert_eq!(loaded.value[0].weight.get(), 2.0);
    assert_eq!(loaded.value[1].rating.map(Rating::value), Some(4));
    assert_eq!((loaded.value[2].rating, loaded.value[2].customer.is_none()), (None, true));
    assert_eq!(loaded.value[3].stage.as_ref().map(Stage::rank), Some(6));
    assert!(stages.get("elsewhere").is_none(), "a rejected row adds no stage");
    let reasons: Vec<_> = loaded.report.reasons.iter().map(|reason| reason.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "a score where the status is dismissed",
            "metric is nsp, allowed: nps, csat, ces",
            "scale is 1-50, allowed: least-greatest, such as 1-5, with 2 to 11 points",
            "weight is 0, allowed: a positive finite number",
        ]
    );
    let unnamed = Load::new(Input::text("f", "metric,score,,\nnps,9,x,\nnps,8,x,\n"));
    let loaded = unnamed.feedback(&FeedbackColumns::default(), &mut stages).unwrap();
    assert_eq!(counts(&loaded.report), [2, 2, 0, 0, 0], "a column without a name is no identifier");
    let declared = Load::new(Input::text("f", "metric,score,key\nnps,9,x\nnps,8,x\n"));
    let loaded = declared.feedback(&FeedbackColumns::default().id("key"), &mut stages).unwrap();
    assert_eq!(counts(&loaded.report), [2, 1, 0, 0, 1]);
    let plain = Load::new(Input::text("f", "metric,score\nnps,9\nnps,\n"));
    let loaded = plain.feedback(&FeedbackColumns::default(), &mut stages).unwrap();
    assert_eq!(counts(&loaded.report), [2, 1, 1, 0, 0]);
    let columns = FeedbackColumns::default().channel("chanel");
    let known = "\"customer\", \"time\", \"channel\", \"stage\", \"metric\", \"score\", \"scale\", \"status\", \"comment\", \"weight\"";
    let error = Load::new(Input::text("f", content)).feedback(&columns, &mut stages).unwrap_err();
    assert_eq!((error.kind(), error.allowed()), (CsvErrorKind::UnknownColumn, Some(known)));
}

#[test]
fn transactions_come_one_by_one_with_day_and_instant() {
    let content = "who,when,paid,currency\n\"a, b\",2025-03-04T23:30:00Z,19.99,EUR\nc,2025-03-05T12:00:00Z,,EUR\n,2025-03-05T12:00:00Z,1,EUR\n\
        d,soon,1,EUR\ne,2025-03-06T00:30:00+01:00,-1.5,EUR\n";
    let columns = TransactionColumns::default().customer("who").date("when").amount("paid");
    let options = Options::default().time_zone("Europe/Vienna".parse().unwrap());
    let mut rows = Vec::new();
    let loaded = Load::new(Input::text("t", content)).options(options).each_transaction(&columns, |row| {
        rows.push((row.customer.to_string(), row.day.to_string(), row.time.to_string(), row.amount.unwrap().0));
        Ok(())
    });
    let loaded = loaded.unwrap();
    assert_eq!((counts(&loaded.report), loaded.value.code(), loaded.value.digits()), ([5, 2, 0, 3, 0], "EUR", 2));
    let row = |who: &str, day: &str, time: &str, units| (who.to_owned(), day.to_owned(), time.to_owned(), units);
    assert_eq!(
        rows,
        [row("a, b", "2025-03-05", "2025-03-04T23:30:00Z", 1999), row("e", "2025-03-06", "2025-03-05T23:30:00Z", -150)]
    );
    let refused = Load::new(Input::text("t", content))
        .each_transaction(&columns, |_| Err(cxo_core::Error::no_data("anything")))
        .unwrap_err();
    assert_eq!((refused.kind(), refused.line()), (CsvErrorKind::Refused, Some(2)));
}

#[test]
fn amounts_of_no_currency_are_rounded_and_may_stay_unread() {
    let content = "customer,date,amount\na,2025-01-01,39.949999999999996\nb,2025-01-02,1e300\nc,2025-01-03,12\nd,2025-01-04,n/a\n";
    let read = |columns: &TransactionColumns| {
        let mut amounts = Vec::new();
        let loaded = Load::new(Input::text("t", content)).each_transaction(columns, |row| {
            amounts.push(row.amount.map(|amount| amount.to_f64(row.currency)));
            Ok(())
        });
        (amounts, loaded.unwrap().report.rejected)
    };
    assert_eq!(read(&TransactionColumns::default()), (vec![Some(39.95), Some(12.0)], 2));
    assert_eq!(read(&TransactionColumns::default().amount("")), (vec![None; 4], 0));
}

#[test]
fn a_currency_that_is_named_late_must_not_change_the_digits() {
    let content = "customer,date,amount,currency\na,2025-01-01,10.5,\nb,2025-01-02,7,JPY\nc,2025-01-03,3,EUR\n";
    let loaded = Load::new(Input::text("t", content)).transactions(&TransactionColumns::default()).unwrap();
    assert_eq!((counts(&loaded.report), loaded.value.currency.code()), ([3, 2, 0, 1, 0], "EUR"));
    assert_eq!(loaded.report.reasons[0].reason, "currency is JPY, allowed: a currency with 2 digits, as before");
    let units: Vec<i64> = loaded.value.transactions.iter().map(|row| row.amount.unwrap().0).collect();
    assert_eq!(units, [1050, 300]);
}

#[test]
fn numbers_of_any_column() {
    let mut found = Vec::new();
    let content = "x\n1.5\n2 or 3\n-3e2\n\"\"\nNaN\nmany\n";
    let loaded = Load::new(Input::text("n", content)).each_row(&RowColumns::new(["x"]), |row| {
        found.push(row.number(0)?);
        Ok(())
    });
    let report = loaded.unwrap().report;
    assert_eq!(found, [Some(1.5), Some(-300.0), None]);
    assert_eq!(report.reasons[0].reason, "x is 2 or 3, allowed: a finite number");
    assert_eq!(report.rejected, 3);
}

#[test]
fn touchpoints_transactions_and_customers() {
    let content = "customer,time,touchpoint,channel,stage,event_id,value\n\
        NA,2025-01-02T10:00:00Z,visit,web,awareness,e1,1.50\n,2025-01-02,visit,web,new,e2,\nb,,visit,web,new,e3,\n";
    let mut stages = Stages::default();
    let loaded = Load::new(Input::text("t", content)).touchpoints(&TouchpointColumns::default(), &mut stages).unwrap();
    assert_eq!(counts(&loaded.report), [3, 1, 0, 2, 0]);
    let (customer, touchpoint) = &loaded.value[0];
    assert_eq!((customer.as_str(), touchpoint.name.as_str(), touchpoint.value.unwrap().0), ("NA", "visit", 150));
    assert!(stages.get("new").is_none());

    let content = "customer,date,amount,currency\na,2025-01-02,19.99,EUR\nb,2025-01-03,-5,EUR\nc,2025-01-03,5,USD\n\
        d,2025-01-03,1.999,EUR\ne,2025-01-03,,EUR\n";
    let loaded = Load::new(Input::text("t", content)).transactions(&TransactionColumns::default()).unwrap();
    assert_eq!(counts(&loaded.report), [5, 2, 0, 3, 0]);
    assert_eq!(loaded.value.currency.code(), "EUR");
    assert_eq!(loaded.value.transactions[1].amount.unwrap().0, -500);
    let reasons: Vec<_> = loaded.report.reasons.iter().map(|reason| reason.reason.as_str()).collect();
    assert!(reasons.contains(&"currency is USD, allowed: EUR, as before: one currency a file"), "{reasons:?}");

    let loaded = Load::new(Input::text("c", "customer,tier,city\na,gold,Graz\nb,,Linz\na,x,y\n")).customers("customer");
    let loaded = loaded.unwrap();
    assert_eq!(loaded.value.attributes, ["tier", "city"]);
    assert_eq!(&*loaded.value.customers[1].1[1], "Linz");
    assert_eq!(counts(&loaded.report), [3, 2, 0, 1, 0]);
}

#[test]
fn columns_by_question_case_and_position() {
    let content = "A, Score ,B\n1,9,x\n";
    for name in ["score", " Score ", "SCORE", "#2"] {
        let loaded = nps(Input::text("f", content), &ResponseColumns::new(name, Scale::NPS), Options::default());
        assert_eq!(loaded.unwrap().value.responses(), 1, "{name}");
    }
}

#[test]
fn progress_reaches_the_end() {
    let bytes = std::sync::atomic::AtomicU64::new(0);
    let content = "score\n9\n8\n";
    let callback = |read| bytes.store(read, std::sync::atomic::Ordering::Relaxed);
    let columns = ResponseColumns::new("score", Scale::NPS);
    Load::new(Input::text("f", content)).progress(&callback).each_response(&columns, |_| Ok(())).unwrap();
    assert_eq!(bytes.into_inner(), content.len() as u64);
}

#[test]
fn the_callers_refusal_stops_the_load_at_its_line() {
    let columns = ResponseColumns::new("score", Scale::NPS);
    let refuse = |_: &cxo_csv::Response<'_>| Err(cxo_core::Error::overflow("count"));
    let error = Load::new(Input::text("f.csv", "score\n9\n")).each_response(&columns, refuse).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (CsvErrorKind::Refused, "f.csv, line 2: overflow: count"));
}

fn fixture(name: &str) -> Input {
    Input::path(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn presets_are_detected_and_their_rows_skipped() {
    let good_bad = Scale::new(1, 2, Direction::HighIsGood).unwrap();
    let cases = [
        ("qualtrics.csv", "How likely are you to\nrecommend us?", Scale::NPS, Preset::Qualtrics, [5, 2, 1, 0, 2], 8),
        ("qualtrics.csv", "Q1", Scale::NPS, Preset::Qualtrics, [5, 2, 1, 0, 2], 8),
        ("qualtrics_legacy.csv", "Q1", Scale::NPS, Preset::QualtricsLegacy, [3, 1, 0, 0, 2], 3),
        ("qualtrics_legacy.csv", "Would you recommend us?", Scale::NPS, Preset::QualtricsLegacy, [3, 1, 0, 0, 2], 3),
        (
            "surveymonkey.csv",
            "How likely are you to recommend us?",
            Scale::NPS,
            Preset::SurveyMonkey,
            [3, 2, 1, 0, 0],
            3,
        ),
        ("surveymonkey.csv", "Rate us - Speed", Scale::ONE_TO_FIVE, Preset::SurveyMonkey, [3, 3, 0, 0, 0], 3),
        ("typeform.csv", "How likely are you to recommend us?", Scale::NPS, Preset::Typeform, [2, 2, 0, 0, 0], 2),
        ("google_forms.csv", "How likely, from 0 to 10?", Scale::NPS, Preset::GoogleForms, [3, 2, 0, 1, 0], 2),
        ("zendesk.csv", "score", good_bad, Preset::Zendesk, [6, 4, 0, 0, 2], 2),
    ];
    for (file, column, scale, preset, expected, first_line) in cases {
        let columns = ResponseColumns::new(column, scale);
        let loaded = Load::new(fixture(file)).each_response(&columns, |_| Ok(())).unwrap();
        assert_eq!((loaded.detected.preset, counts(&loaded.report)), (preset, expected), "{file} {column}");
        let lines = loaded.report.reasons.iter().flat_map(|reason| &reason.examples).map(|example| example.line);
        assert!(lines.min().is_none_or(|line| line >= first_line), "{file}");
    }
    let plain = Options::default().preset(Preset::Plain);
    let loaded = Load::new(fixture("zendesk.csv")).options(plain);
    let loaded = loaded.each_response(&ResponseColumns::new("score", good_bad), |_| Ok(())).unwrap();
    assert_eq!(counts(&loaded.report), [6, 0, 0, 6, 0]);
    let mut values = Vec::new();
    let zendesk = Load::new(fixture("zendesk.csv"));
    zendesk
        .each_response(&ResponseColumns::new("score", good_bad), |response| {
            values.push(response.rating.value());
            Ok(())
        })
        .unwrap();
    assert_eq!(values, [2, 1, 2, 1]);
}

#[test]
fn qualtrics_reasons_name_what_was_skipped() {
    let loaded = Load::new(fixture("qualtrics.csv")).each_response(&ResponseColumns::new("Q1", Scale::NPS), |_| Ok(()));
    let mut reasons: Vec<_> = loaded.unwrap().report.reasons.into_iter().map(|reason| reason.reason).collect();
    reasons.sort();
    assert_eq!(reasons, ["preview or test, not a response", "unfinished response"]);
}

#[test]
fn a_header_is_read_whole_or_refused() {
    let wide = |columns: usize| {
        let others = columns - 1;
        format!("{}score\n{}9\n", "other,".repeat(others), "1,".repeat(others))
    };
    let loaded = read(wide(20_000)).unwrap();
    assert_eq!(counts(&loaded.report), [1, 1, 0, 0, 0]);
    assert_eq!(loaded.detected.columns.len(), 20_000);
    // Behind a byte order mark, too, a header that is longer than what is looked at is not cut off.
    for mark in ["", "\u{FEFF}"] {
        let error = read(format!("{mark}score,{}\n9,1\n", "x".repeat(1 << 20))).unwrap_err();
        assert_eq!(error.kind(), CsvErrorKind::RowTooLong, "{error}");
    }
}

#[test]
fn an_unprintable_score_is_not_called_blank() {
    let report = read(b"score\n9\n\0\n").unwrap().report;
    assert_eq!(report.reasons[0].reason, "score is \u{FFFD}, allowed: 0 to 10");
}
