//! Statistics that the metrics stand on, usable on their own.
