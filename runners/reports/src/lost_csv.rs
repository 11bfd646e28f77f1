//! `lost.csv`: every lost message on a line, for joining with the logs of the stack.

use std::fmt::Write;

use verify::LostMessages;

/// The table: path of the stream, sequence number, the probe that did not see it, intended instant [s, simulated], first write and acknowledgement
/// [s, wall clock since the run's origin; empty when there was none]. A last line starting with `#` says when rows
/// were left out.
pub fn lost_csv(lost: &LostMessages) -> String {
    let mut table = "path,sequence,probe,intended_s,sent_s,acked_s\n".to_owned();
    for row in &lost.rows {
        let seconds = |nanos: i64| format!("{:.6}", nanos as f64 / 1e9);
        let acked = row.acked_at.map(seconds).unwrap_or_default();
        let (intended, sent) = (seconds(row.intended.nanos()), seconds(row.sent_at));
        writeln!(table, "{},{},{},{intended},{sent},{acked}", field(&row.path), row.sequence, field(&row.probe))
            .expect("writing to a string does not fail");
    }
    let left_out = lost.total.saturating_sub(lost.rows.len() as u64);
    if left_out > 0 {
        writeln!(table, "# {left_out} of {} lost messages left out", lost.total)
            .expect("writing to a string does not fail");
    }
    table
}

/// A field as RFC 4180 wants it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;
    use verify::LostMessage;

    use super::*;

    #[test]
    fn a_cut_table_says_so() {
        let row = LostMessage {
            path: "icu/1/mon,a/vitals".to_owned(),
            probe: "wire".to_owned(),
            sequence: 7,
            intended: SimTime::from_nanos(1_500_000_000),
            sent_at: 1_500_250_000,
            acked_at: None,
        };
        let table = lost_csv(&LostMessages { rows: vec![row], total: 3 });
        assert_eq!(
            table,
            "path,sequence,probe,intended_s,sent_s,acked_s\n\"icu/1/mon,a/vitals\",7,wire,1.500000,1.500250,\n# 2 of 3 lost messages left out\n"
        );
    }
}
