//! Whole runs, embedded in a program of one's own.

mod commands;
mod connections;
mod embedding;
mod fates;
mod files;
mod parameters;
mod vendor_carrier;
