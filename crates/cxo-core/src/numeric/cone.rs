//! The cone of directions that have no row on the wrong side, and where it is empty.
//!
//! All directions d with a'd >= 0 for every row a form a cone. The sum c of the rows, projected on it, is 0 only if a'd = 0 for all of
//! the cone, as c'd is the sum of the a'd. The projection is c less the nearest point of the cone that the negative rows span
//! (Moreau 1965): a non-negative least squares problem with at most as many active rows as there are columns.

/// Rows and the sum being of length 1: what is shorter is 0.
const SHORT: f64 = 1e-9;

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| x * y).sum()
}

pub(crate) fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let length = dot(&vector, &vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    vector
}

/// What no vector of an orthonormal basis has of this one, twice taken out so that rounding leaves nothing.
fn remainder(basis: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    let mut rest = vector.to_vec();
    for _ in 0..2 {
        for one in basis {
            let along = dot(one, &rest);
            rest.iter_mut().zip(one).for_each(|(value, part)| *value -= along * part);
        }
    }
    rest
}

/// A unit direction that is orthogonal to all rows.
pub(crate) fn unseen(rows: &[Vec<f64>], width: usize) -> Option<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for row in rows {
        let rest = remainder(&basis, row);
        if dot(&rest, &rest) > SHORT * SHORT {
            basis.push(unit(rest));
        }
    }
    let units = (0..width).map(|place| (0..width).map(|at| f64::from(u8::from(at == place))).collect::<Vec<_>>());
    let rests = units.map(|one| remainder(&basis, &one));
    let greatest = rests.max_by(|left, right| dot(left, left).total_cmp(&dot(right, right)))?;
    (dot(&greatest, &greatest) > 1e-6).then(|| unit(greatest))
}

/// The sum of the rows projected on the cone of directions with no row on the wrong side, of length 1; `None` where it is 0.
///
/// Lawson and Hanson (1974), chapter 23: the rows that hold the projection back are found one by one.
pub(crate) fn projection(rows: &[Vec<f64>], width: usize) -> Option<Vec<f64>> {
    let mut sum = vec![0.0; width];
    rows.iter().for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value));
    let sum = unit(sum);
    let mut shares: Vec<(usize, f64)> = Vec::new();
    for _ in 0..30 * width + 100 {
        let basis = triangle(rows, &shares).0;
        let rest = remainder(&basis, &sum);
        let length = dot(&rest, &rest).sqrt();
        if length <= SHORT {
            return None;
        }
        let sides = rows.iter().map(|row| dot(row, &rest) / length).enumerate();
        let outside = sides.filter(|(row, _)| !shares.iter().any(|(held, _)| held == row));
        let (worst, side) = outside.min_by(|left, right| left.1.total_cmp(&right.1))?;
        if side >= -0.1 * SHORT {
            return Some(unit(rest));
        }
        shares.push((worst, 0.0));
        hold_back(rows, &sum, &mut shares);
        if !shares.iter().any(|(held, _)| *held == worst) {
            // It holds back nothing but rounding.
            return Some(unit(rest));
        }
    }
    None
}

/// Moves the shares of the active rows to those of least squares, and lets go of the rows that would get a negative one.
fn hold_back(rows: &[Vec<f64>], sum: &[f64], shares: &mut Vec<(usize, f64)>) {
    while !shares.is_empty() {
        let (basis, upper) = triangle(rows, shares);
        // The sum is to be taken away: its negative is what the shares build up.
        let mut wanted: Vec<f64> = basis.iter().map(|one| -dot(one, sum)).collect();
        for row in (0..wanted.len()).rev() {
            let later: f64 = (row + 1..wanted.len()).map(|column| upper[column][row] * wanted[column]).sum();
            wanted[row] = (wanted[row] - later) / upper[row][row];
        }
        if wanted.iter().all(|share| *share > 0.0) {
            shares.iter_mut().zip(wanted).for_each(|(share, wanted)| share.1 = wanted);
            return;
        }
        // How far each falling share can go before it is 0.
        let ratio =
            |share: f64, wanted: f64| if wanted > 0.0 { 1.0 } else { share / (share - wanted).max(f64::MIN_POSITIVE) };
        let ratios: Vec<f64> = shares.iter().zip(&wanted).map(|((_, share), wanted)| ratio(*share, *wanted)).collect();
        let step = ratios.iter().copied().fold(1.0, f64::min);
        let moved =
            shares.iter().zip(&wanted).zip(&ratios).filter(|((_, wanted), ratio)| **wanted > 0.0 || **ratio > step);
        *shares = moved.map(|((&(row, share), wanted), _)| (row, share + step * (wanted - share))).collect();
    }
}

/// Orthonormal vectors of the active rows and, column by column, what they have of each.
fn triangle(rows: &[Vec<f64>], shares: &[(usize, f64)]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (mut basis, mut upper): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    for row in shares.iter().filter_map(|(row, _)| rows.get(*row)) {
        let rest = remainder(&basis, row);
        let length = dot(&rest, &rest).sqrt();
        let mut column: Vec<f64> = basis.iter().map(|one| dot(one, row)).collect();
        column.push(length.max(f64::MIN_POSITIVE));
        upper.push(column);
        basis.push(unit(rest));
    }
    (basis, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(points: &[(f64, bool)]) -> Vec<Vec<f64>> {
        points.iter().map(|&(x, happened)| unit(if happened { vec![1.0, x] } else { vec![-1.0, -x] })).collect()
    }

    #[test]
    fn the_projection_separates_or_is_none() {
        let apart = signed(&[(-3.0, false), (-1.0, false), (2.0, true), (2.5, true)]);
        let direction = projection(&apart, 2).unwrap();
        assert!(apart.iter().all(|row| dot(row, &direction) > 0.1), "{direction:?}");
        // Both outcomes at 1: only the direction that leaves them where they are, intercept -1 for a slope of 1.
        let touching = signed(&[(-3.0, false), (1.0, false), (1.0, true), (2.5, true)]);
        let direction = projection(&touching, 2).unwrap();
        assert!((direction[0] + direction[1]).abs() < 1e-12 && direction[1] > 0.5, "{direction:?}");
        let mixed = signed(&[(-3.0, false), (1.0, true), (1.5, false), (2.5, true)]);
        assert_eq!(projection(&mixed, 2), None);
    }

    #[test]
    fn agrees_with_a_search_over_directions() {
        let mut random = crate::numeric::random::Random::new(4, 2);
        let (mut some, mut none) = (0, 0);
        for _ in 0..300 {
            let rows: Vec<Vec<f64>> = (0..6)
                .map(|_| {
                    let [x, y] = [0, 1].map(|_| (4.0 * random.uniform()).floor() - 1.5);
                    let sign = if random.happens(0.5) { 1.0 } else { -1.0 };
                    unit(vec![sign, sign * x, sign * y])
                })
                .collect();
            // The cone, if it has more than 0, has an edge on which two rows are 0, or a line if the rows do not span.
            let cross = |u: &[f64], v: &[f64]| {
                vec![u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
            };
            let mut exists = false;
            for left in &rows {
                for right in &rows {
                    let edge = cross(left, right);
                    let sides: Vec<f64> = rows.iter().map(|row| dot(row, &edge)).collect();
                    exists |= sides.iter().all(|side| *side > -1e-12) && sides.iter().any(|side| *side > 1e-12);
                }
            }
            if unseen(&rows, 3).is_some() {
                continue;
            }
            let found = projection(&rows, 3);
            assert_eq!(found.is_some(), exists, "{rows:?} {found:?}");
            if let Some(direction) = found {
                assert!(rows.iter().all(|row| dot(row, &direction) > -1e-9));
                some += 1;
            } else {
                none += 1;
            }
        }
        assert!(some > 30 && none > 30, "{some} {none}");
    }
}
