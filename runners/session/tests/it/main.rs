//! Whole runs, embedded in a program of one's own.

mod clouds;
mod commands;
mod connections;
mod embedding;
mod estimates;
mod fates;
mod files;
mod inventory;
mod parameters;
mod vendor_carrier;
