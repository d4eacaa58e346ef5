//! How sure are the coefficients if the model does not hold, or if rows of one customer resemble each other? The variance
//! between the score residuals of rows or of clusters (Lin and Wei 1989).

use super::evaluation::Evaluation;
use super::paths::Paths;
use crate::numeric::gram::{ROWS, RowGram};
use crate::numeric::matrix::Matrix;

/// Calls `visit` with each place and its score residual: what the row adds to the derivative of the likelihood, weight included.
pub(super) fn visit_scores(evaluation: &Evaluation, mut visit: impl FnMut(usize, &[f64])) {
    let sets = evaluation.sets;
    let paths = Paths::new(evaluation);
    let mut event = vec![None; sets.rows()];
    for (number, moment) in sets.moments.iter().enumerate() {
        event[moment.places()].fill(Some(number));
    }
    let mut score = vec![0.0; paths.columns];
    sets.visit_rows(|place, reached, gone| {
        let (rate, block) = (evaluation.rates[place], sets.design.block(place / ROWS));
        let weight = event[place].map_or(0.0, |_| sets.weights[place]);
        let surprise = weight - evaluation.expected[place];
        score.iter_mut().zip(block).for_each(|(score, lane)| *score = surprise * lane[place % ROWS]);
        let mut add = |vector: &[f64], factor: f64| {
            score.iter_mut().zip(vector).for_each(|(score, value)| *score += factor * value);
        };
        if let Some(moment) = event[place] {
            add(paths.mean(moment), -weight);
            add(paths.spared(moment), -rate);
        }
        reached.into_iter().for_each(|moment| add(paths.drift(moment), rate));
        gone.into_iter().for_each(|moment| add(paths.drift(moment), -rate));
        visit(place, &score);
    });
}

/// Σ over clusters of the outer product of the sum of their score residuals, and the number of clusters. Without clusters each
/// row is one.
pub(super) fn outer_scores(evaluation: &Evaluation, clusters: Option<&[u32]>) -> (Matrix, usize) {
    let sets = evaluation.sets;
    let columns = sets.design.columns();
    let Some(clusters) = clusters else {
        let mut gram = RowGram::new(columns);
        visit_scores(evaluation, |_, score| gram.push(score, 1.0));
        return (gram.matrix(), sets.rows());
    };
    let mut names = clusters.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut sums = vec![0.0; names.len() * columns];
    visit_scores(evaluation, |place, score| {
        let cluster = clusters[sets.order[place] as usize];
        let number = names.partition_point(|&name| name < cluster);
        let own = &mut sums[number * columns..(number + 1) * columns];
        own.iter_mut().zip(score).for_each(|(sum, part)| *sum += part);
    });
    let mut gram = RowGram::new(columns);
    sums.chunks(columns).for_each(|sum| gram.push(sum, 1.0));
    (gram.matrix(), names.len())
}
