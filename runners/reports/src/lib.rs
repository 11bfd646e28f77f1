//! Reports of a run for people and for programs, each drawn from the [`RunReport`](verify::RunReport) alone.

mod files;
mod html;
mod junit;
mod lost_csv;
mod no_run;
mod terminal;
#[cfg(test)]
mod tests;

pub use files::{ReportFileError, write};
pub use html::html;
pub use junit::{JunitError, junit};
pub use lost_csv::lost_csv;
pub use no_run::{NoRun, write_no_run};
pub use terminal::{Look, closing, terminal};
