//! Faults, each on real servers and real processes: one thing breaks, nothing that was accepted is lost, nothing is left over.
//! Every test proves that its fault hit.

mod brokers;
mod databases;
mod encoders;
mod fairness;
mod frames;
mod messages;
mod poison;
mod relay;
mod replicas;
mod stores;
mod support;
