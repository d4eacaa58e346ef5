//! Summaries of logs against the reference summaries of the same logs.

use crate::common::clv::{lines, reference};
use chrono::{FixedOffset, TimeZone, Timelike};
use cxo_core::clv::{
    BgCnbd, CustomerSummaries, FitOptions, MergeRule, PurchaseColumns, PurchaseLog, SummaryOptions, TimeUnit,
};
use cxo_core::domain::{Amount, Currency, Day, Timestamp};

fn day(text: &str) -> Day {
    Day::from_date(text.parse().unwrap())
}

fn dollar() -> Currency {
    Currency::iso("USD").unwrap()
}

/// Customer, day and amount of each line of a file with these columns.
fn records(file: &str, columns: [usize; 3]) -> Vec<(String, Day, Amount)> {
    let record = |line: String| {
        let cells: Vec<&str> = line.split(',').collect();
        let [customer, date, amount] = columns.map(|column| cells[column]);
        // Some prices carry the noise of a sum of floating-point numbers.
        let rounded = format!("{:.2}", amount.parse::<f64>().unwrap());
        (customer.to_owned(), day(date), Amount::parse(&rounded, dollar()).unwrap())
    };
    lines(file).into_iter().map(record).collect()
}

fn log(records: &[(String, Day, Amount)]) -> PurchaseLog {
    let mut log = PurchaseLog::in_currency(dollar());
    records.iter().try_for_each(|(customer, day, amount)| log.add(customer, *day, Some(*amount))).unwrap();
    log
}

fn weeks(until: &str) -> SummaryOptions {
    SummaryOptions::default().unit(TimeUnit::Week).until(day(until))
}

/// Frequency and times to the last bit; mean spend to the rounding of a mean of floating-point sums.
fn reproduces(log: &PurchaseLog, answer: &CustomerSummaries, dataset: &str, file: &str) {
    let (_, expected) = reference(dataset).unwrap();
    let ids: Vec<String> = lines(file).iter().map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!((answer.len(), ids.len()), (expected.len(), expected.len()));
    let rows: std::collections::BTreeMap<&str, _> =
        answer.iter().filter_map(|row| Some((log.name(row.customer)?, row))).collect();
    for (expected, id) in expected.into_iter().zip(ids) {
        let row = rows[id.as_str()];
        let (found, mean) = (row.summary, expected.monetary_value().unwrap());
        let numbers = |summary: cxo_core::clv::Summary| (summary.frequency(), summary.recency(), summary.age());
        assert_eq!(numbers(found), numbers(expected), "{id}");
        match found.monetary_value() {
            Some(value) => assert!((value - mean).abs() <= 1e-14 * mean, "{id}: {value} instead of {mean}"),
            None => assert_eq!((found.frequency(), mean), (0, 0.0), "{id}"),
        }
    }
}

#[test]
fn cdnow_is_reproduced_from_its_log() {
    if reference("cdnow_sample_exact").is_none() {
        return;
    }
    let mut records = records("cdnow_sample_elog.csv", [0, 2, 4]);
    let log = log(&records);
    let answer = log.summaries(&weeks("1997-09-30")).unwrap();
    reproduces(&log, &answer, "cdnow_sample_exact", "cdnow_sample_rfm_19970930.csv");

    // Out of order, with the same customers first, and at instants in a zone behind UTC: the same.
    let zone = FixedOffset::west_opt(8 * 3600).unwrap();
    let mut instants = PurchaseLog::in_currency(dollar());
    records.sort_by_key(|(customer, day, _)| (customer.clone(), -day.0));
    for (hour, (customer, day, amount)) in (0..24).cycle().zip(&records) {
        let local = day.to_date().unwrap().and_hms_opt(hour, 59, 59).unwrap();
        let at = zone.from_local_datetime(&local).unwrap();
        assert_eq!(at.hour(), hour);
        instants.add(customer, Timestamp::from_datetime(&at), Some(*amount)).unwrap();
    }
    let same = instants.summaries(&weeks("1997-09-30").zone(zone)).unwrap();
    let sorted = |log: &PurchaseLog, answer: &CustomerSummaries| {
        let mut rows: Vec<_> =
            answer.iter().map(|row| (log.name(row.customer).unwrap().to_owned(), row.summary, row.spend)).collect();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    };
    assert_eq!(sorted(&instants, &same), sorted(&log, &answer));
    assert_ne!(instants.summaries(&weeks("1997-09-30")).unwrap().counts().merged, same.counts().merged);
}

/// Fader, Hardie and Lee (2005): 2,357 customers, 39 weeks of calibration and 39 of holdout; 946 customers repeat in the
/// calibration, and there are 1,882 repeat purchases in the holdout.
#[test]
fn cdnow_has_its_published_holdout() {
    if reference("cdnow_sample_exact").is_none() {
        return;
    }
    let records = records("cdnow_sample_elog.csv", [0, 2, 4]);
    let answer = log(&records).summaries(&weeks("1997-09-30").holdout_until(day("1998-06-30"))).unwrap();
    let counts = answer.counts();
    assert_eq!((counts.records, counts.customers, counts.later, counts.born_later), (6919, 2357, 0, 0));
    assert_eq!((counts.holdout_purchases, answer.holdout()), (1882, Some(39.0)));
    let repeaters = answer.iter().filter(|row| row.summary.frequency() > 0).count();
    assert_eq!(repeaters, 946);
    // Every record is somewhere: merged or a purchase.
    assert_eq!(counts.purchases + counts.holdout_purchases + counts.merged, counts.records);
    let repeats = counts.purchases - counts.customers + counts.holdout_purchases;
    assert_eq!(answer.repeat_purchases_by_period().iter().sum::<u64>(), repeats);
    assert_eq!(answer.repeat_purchases_by_period().len(), 78);
    let spend: i64 = answer.iter().map(|row| row.spend.unwrap().0 + row.holdout.unwrap().spend.unwrap().0).sum();
    assert_eq!(spend, records.iter().map(|(_, _, amount)| amount.0).sum::<i64>());
}

#[test]
fn apparel_is_reproduced_from_its_log() {
    if reference("apparel").is_none() {
        return;
    }
    let records = records("apparelTrans.csv", [0, 1, 2]);
    let log = log(&records);
    let answer = log.summaries(&weeks("2006-12-31")).unwrap();
    reproduces(&log, &answer, "apparel", "apparel_rfm_20061231.csv");

    let ids: Vec<u32> = records.iter().map(|(customer, ..)| customer.parse().unwrap()).collect();
    let days: Vec<i32> = records.iter().map(|(_, day, _)| day.0).collect();
    let units: Vec<i64> = records.iter().map(|(.., amount)| amount.0).collect();
    let columns = PurchaseColumns::of_days(&ids, &days).unwrap().amounts(&units, dollar()).unwrap();
    let options = weeks("2006-12-31").merge(MergeRule::None);
    let (same, named) = (columns.summaries(&options).unwrap(), log.summaries(&options).unwrap());
    let mut by_id: Vec<_> =
        named.iter().map(|row| (log.name(row.customer).unwrap().parse().unwrap(), row.summary)).collect();
    by_id.sort_by_key(|(id, _): &(u32, _)| *id);
    assert!(same.iter().map(|row| (row.customer, row.summary)).eq(by_id));
}

/// From the log to the published model: frequencies and times through BG/NBD, log intervals through its regular relative.
#[test]
fn models_of_the_cdnow_log_are_the_best_known() {
    let Some(document) = crate::common::golden("clv/cnbd_k.json") else { return };
    let answer = log(&records("cdnow_sample_elog.csv", [0, 2, 4])).summaries(&weeks("1997-09-30")).unwrap();
    for k in [1, 2] {
        let best = document["cdnow_sample"]["bg_cnbd_k"]["by_k"][k.to_string()]["log_likelihood"].as_f64().unwrap();
        let found = BgCnbd::fit(answer.summaries(), k, &FitOptions::default()).unwrap().log_likelihood();
        assert!((found - best).abs() < 1e-6, "k = {k}: {found} instead of {best}");
    }
}
