//! Whole runs, embedded in a program of one's own.

mod commands;
mod embedding;
mod fates;
