//! Faults, each on real servers and real processes: one thing breaks, nothing that was accepted is lost, nothing is left over.
//! Every test proves that its fault hit.

mod encoders;
mod fairness;
mod poison;
mod support;
