//! Schema, scores, reasons, what-if and storage of a risk model.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use cxo_core::churn::risk::*;

fn telco() -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let folder = std::env::var("CXO_GOLDEN_DIR").ok()?;
    let text = std::fs::read_to_string(format!("{folder}/../data/churn/telco_churn.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    Some((lines.next().unwrap(), lines.collect()))
}

fn telco_table() -> Option<Table> {
    let (names, rows) = telco()?;
    let columns = names.into_iter().enumerate().map(|(at, name)| {
        let cells = || rows.iter().map(|row| Some(row[at].trim()).filter(|cell| !cell.is_empty()));
        let numbers: Option<Vec<Option<f64>>> =
            cells().map(|cell| cell.map_or(Some(None), |cell| cell.parse().ok().map(Some))).collect();
        (name, numbers.map_or_else(|| Column::texts(cells()), Column::optional_numbers))
    });
    Some(Table::new(columns.collect()).unwrap())
}

#[test]
fn telco_end_to_end() {
    let Some(table) = telco_table() else { return };
    let options = TrainOptions::default().customers("customerID");
    let trained = train(&table, &Target::churn("Churn"), &options).unwrap();
    println!("{:?} {:?} {:?}", trained.collapsed, trained.incomplete, trained.without_outcome);
    println!("{:?}", trained.cross_fitted.as_ref().map(|f| (f.auc, f.brier.value, f.log_loss.value)));
    println!("{:?}", trained.model.calibrator());
    println!("{:?}", trained.model.summary());
    let row = trained.model.schema().row(&table, 0).unwrap();
    let mut c = vec![0.0; trained.model.schema().features().len()];
    let risk = trained.model.explain(&row, &Limits::default(), &mut c).unwrap();
    println!("{risk:?} {:?}", trained.model.reasons(&c, 5));
    let text = serde_json::to_string_pretty(&trained.model).unwrap();
    std::fs::write("/tmp/risk/model.json", &text).unwrap();
    let back: ChurnModel = serde_json::from_str(&text).unwrap();
    assert_eq!(back, trained.model);
}
