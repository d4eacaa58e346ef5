//! How the parts of a journey are rated: scores by key and the emotion curve, within `cxo.journey-hotspots`.

use cxo_core::experience::{EmotionCurve, EmotionPoint, PathScores, ScoreRow};
use serde::{Deserialize, Serialize};

use crate::{
    DifferenceRow, EstimateRow, Quantity,
    hotspots::{estimate, hidden},
    quantity,
};

/// Scores on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathScoresRow {
    /// nps (in points), csat (the satisfied share) or ces (the mean ease).
    pub metric: String,
    /// Everything together.
    pub all: PathScoreRow,
    /// By touchpoint, stage and channel, as far as these are known.
    pub by: Vec<ScoresByRow>,
}

/// Scores by one property of the touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoresByRow {
    /// touchpoint, stage or channel.
    pub key: String,
    /// Those with a rating, in the order of the bytes of their names.
    pub results: Vec<PathScoreRow>,
}

/// One score on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathScoreRow {
    /// The touchpoint, stage or channel; absent of everything together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Passes, rated or not; or why that is not shown.
    #[serde(flatten, with = "quantity::passes")]
    pub passes: Quantity<u64>,
    /// What the rated ones say, or why that is not shown.
    #[serde(flatten, with = "quantity::path_score")]
    pub score: Quantity<RatedRow>,
}

/// The score of rated passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatedRow {
    /// Ratings.
    pub ratings: u64,
    /// Ratings / passes.
    pub coverage: f64,
    /// The score.
    #[serde(flatten)]
    pub score: EstimateRow,
}

impl From<&ScoreRow> for PathScoreRow {
    fn from(row: &ScoreRow) -> Self {
        let rated = row.answer.as_ref().map(|answer| RatedRow {
            ratings: answer.ratings(),
            coverage: answer.ratings() as f64 / row.passes.unwrap_or(answer.ratings()) as f64,
            score: EstimateRow::from(&answer.score()),
        });
        let (passes, score) = (row.passes.map_err(hidden), rated.map_err(|why| hidden(*why)));
        Self { name: row.key.first().cloned(), passes, score }
    }
}

impl PathScoresRow {
    /// The scores of one metric; none where there is no key at all.
    #[must_use]
    pub fn new(metric: &str, scores: &[PathScores]) -> Option<Self> {
        let by = |scores: &PathScores| ScoresByRow {
            key: scores.key.name().to_owned(),
            results: scores.rows.iter().map(PathScoreRow::from).collect(),
        };
        let all = PathScoreRow::from(&scores.first()?.all);
        Some(Self { metric: metric.to_owned(), all, by: scores.iter().map(by).collect() })
    }
}

/// The mean rating of each stage, in the order of the journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmotionCurveRow {
    /// The stages.
    pub stages: Vec<EmotionRow>,
    /// Passes without a stage, or in one that is not declared; or why that is not shown.
    #[serde(flatten, with = "quantity::elsewhere")]
    pub elsewhere: Quantity<u64>,
}

/// One stage of the curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmotionRow {
    /// The stage.
    pub stage: String,
    /// Passes in it, rated or not; or why that is not shown.
    #[serde(flatten, with = "quantity::passes")]
    pub passes: Quantity<u64>,
    /// Their mean rating, or why it is not shown.
    #[serde(flatten, with = "quantity::estimated_mean")]
    pub mean: Quantity<EstimateRow>,
    /// The mean minus that of the stage before it that is shown, or why there is none.
    #[serde(flatten, with = "quantity::stage_change")]
    pub change: Quantity<DifferenceRow>,
}

impl From<&EmotionPoint> for EmotionRow {
    fn from(point: &EmotionPoint) -> Self {
        let mean = match &point.mean {
            Ok(mean) => estimate(mean),
            Err(why) => Err(hidden(*why)),
        };
        let change = point.change.as_ref().map(DifferenceRow::from).map_err(|why| *why);
        Self { stage: point.stage.clone(), passes: point.passes.map_err(hidden), mean, change: quantity::of(change) }
    }
}

impl From<&EmotionCurve> for EmotionCurveRow {
    fn from(curve: &EmotionCurve) -> Self {
        Self { stages: curve.points.iter().map(EmotionRow::from).collect(), elsewhere: curve.elsewhere.map_err(hidden) }
    }
}
