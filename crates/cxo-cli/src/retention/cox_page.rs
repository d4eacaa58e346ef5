//! The page of `cxo retention cox`.

use std::io::{self, Write};

use cxo_json::{CoefficientRow, CoxDocument, Document as _, Lines, ProportionalityRow, Quantity};

use crate::{
    output::Present,
    page::{self, Align, Page, decimals, digits},
};

/// Tests below this are pointed out.
const NOTABLE: f64 = 0.05;

impl Present for CoxDocument {
    fn page(&self, page: &mut Page) {
        let rate = self.events as f64 / self.observations as f64;
        let detail = format!("{} of {} rows", page::count(self.events), page::count(self.observations));
        page.headline(&format!("Left ({})", page::name(&self.event)), &page::percent(rate), &detail);
        page.line(&page::wrapped(&method(self)));
        let level = page::level(self.confidence);
        let columns = [
            ("", Align::Left),
            ("coefficient", Align::Right),
            (level.as_str(), Align::Left),
            ("p", Align::Right),
            ("hazard", Align::Right),
            ("per sd", Align::Right),
        ];
        page.table(&columns, self.coefficients.iter().map(row).collect());
        page.line(&page::wrapped(&quality(self)));
        page.line(&page::wrapped(&proportionality(&self.proportionality)));
        if !self.collapsed.is_empty() {
            let levels = self.collapsed.join(", ");
            let what = "These levels say what other columns say already, and count as the reference of their column";
            page.line(&page::wrapped(&format!("{what}: {levels}.")));
        }
        page.line(&page::wrapped(
            "Coefficients are changes of the log hazard of leaving; hazard: its factor for one unit, or against the reference level \
             (above 1: they leave sooner); per sd: for one standard deviation. They are associations in these data, not effects of \
             a change.",
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}

fn row(found: &CoefficientRow) -> Vec<String> {
    let bounds = match (&found.lower, &found.upper) {
        (Ok(lower), Ok(upper)) => format!("{} to {}", page::signed(*lower), page::signed(*upper)),
        _ => "-".to_owned(),
    };
    vec![
        found.name.clone(),
        page::signed(found.value),
        bounds,
        found.p_value.as_ref().map_or("-".to_owned(), |p| page::p_value(*p)),
        format!("× {}", digits(found.value.exp())),
        page::signed(found.standardized),
    ]
}

fn method(cox: &CoxDocument) -> String {
    let ties = if cox.ties == "breslow" { "Breslow's" } else { "Efron's" };
    let errors = match (cox.strength, cox.standard_error_method.as_str()) {
        (Some(strength), _) => {
            return format!(
                "Cox's proportional hazards with {ties} ties and a ridge penalty of strength {}: coefficients are drawn toward 0, so \
                 that they have no standard errors.",
                digits(strength)
            );
        }
        (None, "sandwich") => "robust standard errors",
        (None, "clustered-sandwich") => "standard errors by cluster",
        _ => "standard errors from the curvature of the likelihood",
    };
    format!("Cox's proportional hazards with {ties} ties and {errors}.")
}

fn quality(cox: &CoxDocument) -> String {
    let likelihood = format!(
        "Log partial likelihood {} (no effect {}), {} steps.",
        decimals(cox.log_likelihood, 1),
        decimals(cox.null_log_likelihood, 1),
        cox.iterations
    );
    let test = cox.likelihood_ratio.as_ref().map_or_else(
        |_| String::new(),
        |test| {
            let p_value = page::p_value_text(test.p_value);
            format!(" Likelihood ratio {} on {}, p {p_value}.", decimals(test.statistic, 1), test.degrees)
        },
    );
    let concordance = match (&cox.concordance, &cox.concordance_standard_error) {
        (Ok(value), Ok(error)) => format!(
            " Of two customers the one with the greater hazard left first in {} of the cases (concordance {}, standard error {}).",
            page::percent(*value),
            decimals(*value, 3),
            decimals(*error, 3)
        ),
        (Ok(value), Err(_)) => format!(" Concordance {}.", decimals(*value, 3)),
        (Err(reason), _) => format!(" There is no concordance: {reason}."),
    };
    likelihood + &test + &concordance
}

fn proportionality(found: &Quantity<ProportionalityRow>) -> String {
    let found = match found {
        Ok(found) => found,
        Err(reason) => return format!("Whether effects stay the same over time was not tested: {reason}."),
    };
    let global = page::p_value_text(found.global.p_value);
    let changing: Vec<&str> =
        found.columns.iter().filter(|column| column.p_value < NOTABLE).map(|column| column.name.as_str()).collect();
    let test = format!("transform {}, p {global} for all terms", found.transform);
    if changing.is_empty() {
        format!("No sign that an effect changes with time ({test}).")
    } else {
        let terms = changing.join(", ");
        format!("Effects that change with time ({test}): {terms}. Their coefficients are averages over time.")
    }
}
