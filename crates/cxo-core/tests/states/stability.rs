//! The bits of the main estimators on fixed data. A failure here is a changed answer: a breaking change that needs a line in
//! the changelog, even where the new answer is the better one.

use std::fmt::Write;

use cxo_core::{
    Absent, Confidence, Difference, Error, Estimate, Interval,
    domain::{Timestamp, Weight},
    stats::{
        design::{DesignMethod, LonelyCluster},
        mean::Moments,
        proportion::ProportionMethod,
    },
    survey::{
        Ces, CesVersion, Csat, IndexWeights, Nps, NpsComparison, NpsMethod, NpsPanel, PanelMethod, Rating, Repeats,
        Response, Responses, Sample, SampleRow, SatisfactionItems, Scale, Tally, WeightedTally,
    },
};

const P95: Confidence = Confidence::P95;

/// One line an answer, with every digit of every number.
#[derive(Default)]
struct Page(String);

impl Page {
    fn numbers(&mut self, name: &str, numbers: impl IntoIterator<Item = Result<f64, Absent>>) {
        self.0.push_str(name);
        for number in numbers {
            match number {
                Ok(number) => write!(self.0, " {number:?}").unwrap(),
                Err(absent) => write!(self.0, " {absent:?}").unwrap(),
            }
        }
        self.0.push('\n');
    }

    fn estimate(&mut self, name: &str, found: &Estimate) {
        let numbers = [Ok(found.value), found.standard_error, Ok(found.effective_n)];
        self.numbers(name, numbers.into_iter().chain(bounds(found.interval)));
    }

    fn difference(&mut self, name: &str, found: &Difference) {
        let numbers = [Ok(found.value), found.standard_error, found.p_value];
        self.numbers(name, numbers.into_iter().chain(bounds(found.interval)));
    }
}

fn bounds(interval: Result<Interval, Absent>) -> [Result<f64, Absent>; 2] {
    [interval.map(|interval| interval.lower), interval.map(|interval| interval.upper)]
}

fn plain(page: &mut Page) -> Result<(), Error> {
    let of = |promoters, passives, detractors| Nps { promoters, passives, detractors };
    for (name, nps) in [("nps", of(42, 31, 27)), ("small-nps", of(2, 1, 1)), ("alike-nps", of(12, 0, 0))] {
        for method in NpsMethod::ALL {
            page.estimate(&format!("{name} {method}"), &nps.estimate(method, P95)?);
        }
    }
    for method in NpsComparison::ALL {
        let found = of(42, 31, 27).compare(&of(80, 70, 90), method, P95)?;
        page.difference(&format!("nps-comparison {method}"), &found);
    }
    for method in PanelMethod::ALL {
        let panel = NpsPanel::from_counts([[9, 6, 2], [3, 8, 4], [0, 1, 7]])?;
        page.difference(&format!("nps-panel {method}"), &panel.change(method, P95)?);
    }
    let tally = Tally::from_counts(&[14, 9, 10, 32, 42], Scale::ONE_TO_FIVE)?;
    for &method in ProportionMethod::ALL {
        page.estimate(&format!("csat {method}"), &Csat::default().method(method).ask(&tally)?.share);
    }
    let ratings = Csat::default().ask(&tally)?.ratings.unwrap();
    page.estimate("csat-mean", &ratings.mean);
    page.estimate("csat-aggregated-average", &ratings.aggregated_average);
    let ces = Ces::new(CesVersion::V2).ask(&Tally::from_counts(&[3, 5, 4, 9, 21, 33, 18], Scale::ONE_TO_SEVEN)?)?;
    page.estimate("ces-mean", &ces.mean);
    page.estimate("ces-easy", &ces.easy_share);
    page.estimate("ces-net-easy", &ces.net_easy);
    let mut items = SatisfactionItems::default();
    for triple in [[8, 7, 6], [10, 9, 9], [5, 6, 4], [9, 9, 7]] {
        let [a, b, c] = triple.map(|value| Rating::new(value, Scale::ONE_TO_TEN).map(Some));
        items.add([a?, b?, c?])?;
    }
    page.estimate("satisfaction-index", &items.index(IndexWeights::new([0.3885, 0.3190, 0.2925])?, P95)?.index);
    let (one, other) = (Moments::of(&[7.0, 6.0, 5.0, 7.0, 2.5])?, Moments::of(&[4.0, 3.5, 6.0, 1.0])?);
    page.estimate("mean", &one.estimate(P95)?);
    page.difference("welch", &one.welch(&other, P95)?);
    Ok(())
}

fn designed(page: &mut Page) -> Result<(), Error> {
    let mut weighted = WeightedTally::new(Scale::NPS);
    let mut sample = Sample::new(Scale::NPS).lonely_cluster(LonelyCluster::Centred);
    let mut responses = Responses::new(Scale::NPS);
    for row in 0..60_i64 {
        // 17 is coprime to 11: every score, in no order.
        let (rating, weight) = (Rating::new(row * 17 * row % 11, Scale::NPS)?, Weight::new(0.25 + (row % 7) as f64)?);
        let (cluster, stratum) = (format!("c{}", row % 12), format!("s{}", row % 3));
        weighted.add(rating, weight)?;
        sample.add(SampleRow { rating, weight, cluster: Some(&cluster), stratum: Some(&stratum) })?;
        responses.add(Response { customer: Some(&cluster), time: Timestamp(row * 7 % 60), rating, weight })?;
    }
    for method in NpsMethod::ALL {
        page.estimate(&format!("weighted-nps {method}"), &weighted.nps(method, P95)?.result.score);
        page.estimate(&format!("designed-nps {method}"), &sample.nps(method, P95)?.result.score);
    }
    for policy in Repeats::ALL {
        let found = responses.nps(policy, NpsMethod::Auto, P95)?;
        page.estimate(&format!("repeat-nps {policy}"), &found.result.score);
    }
    for method in DesignMethod::ALL {
        let share = sample.mean(|score| f64::from(score >= 7))?;
        page.estimate(&format!("designed-share {method}"), &share.estimate(method, P95)?);
    }
    page.estimate("weighted-mean", &weighted.mean(f64::from)?.estimate(DesignMethod::StudentT, P95)?);
    let scale = Scale::ONE_TO_FIVE;
    let pairs = [(5, 1.0), (4, 2.5), (1, 0.5), (3, 1.0), (5, 0.75)]
        .map(|(value, weight)| Ok::<_, Error>((Rating::new(value, scale)?, Weight::new(weight)?)));
    let pairs = pairs.into_iter().collect::<Result<Vec<_>, _>>()?;
    for &method in ProportionMethod::ALL {
        let found = WeightedTally::from_pairs(scale, pairs.iter().copied())?.csat(&Csat::default().method(method))?;
        page.estimate(&format!("weighted-csat {method}"), &found.result.share);
    }
    Ok(())
}

/// The same bits on the target on which they were pinned; elsewhere functions of the platform may differ in the last places.
fn same(found: &str, pinned: &str) -> bool {
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return found == pinned;
    }
    let near = |(one, other): (&str, &str)| match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() <= 1e-12 * one.abs().max(1.0),
        _ => one == other,
    };
    found.split(' ').count() == pinned.split(' ').count() && found.split(' ').zip(pinned.split(' ')).all(near)
}

#[test]
fn answers_do_not_change() {
    let mut page = Page::default();
    plain(&mut page).unwrap();
    designed(&mut page).unwrap();
    let pinned = include_str!("../fixtures/estimates.txt");
    for (found, pinned) in page.0.lines().zip(pinned.lines()) {
        assert!(same(found, pinned), "found  {found}\npinned {pinned}\nall\n{}", page.0);
    }
    assert_eq!(page.0.lines().count(), pinned.lines().count(), "{}", page.0);
}
