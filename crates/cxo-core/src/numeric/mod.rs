//! The private engine room: special functions, stable sums, root search and small dense linear algebra.

pub(crate) mod beta;
pub(crate) mod chi_square;
pub(crate) mod normal;
pub(crate) mod root;
pub(crate) mod student_t;
pub(crate) mod sum;
