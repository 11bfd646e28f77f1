//! No message is gained or lost in the books.

use super::Ledger;
use crate::Counts;

impl Ledger {
    /// Routes, or the run as a whole, on which messages have no end or two; a ledger with one of them is wrong about
    /// the stack as well.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut sum = Counts::default();
        for (route, account) in self.accounts.iter().enumerate() {
            sum.add(&account.counts);
            check(&mut found, || self.plan.route_path(route), &account.counts);
        }
        check(&mut found, || "all streams together".to_owned(), &self.totals.counts);
        if sum != self.totals.counts {
            found.push(format!("the streams amount to {sum:?}, the run to {:?}", self.totals.counts));
        }
        debug_assert!(found.is_empty(), "{found:?}");
        found
    }
}

fn check(found: &mut Vec<String>, whose: impl Fn() -> String, counts: &Counts) {
    let Counts { generated, delivered, lost, dropped_declared, pending, .. } = counts;
    if *generated != delivered + lost + dropped_declared + pending {
        found.push(format!(
            "{}: {generated} generated, but {delivered} delivered + {lost} lost + {dropped_declared} dropped + {pending} pending",
            whose()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_an_end_is_told() {
        let mut found = Vec::new();
        let mut counts = Counts { generated: 5, delivered: 3, lost: 1, pending: 1, ..Counts::default() };
        check(&mut found, || "icu/1/mon/vitals".to_owned(), &counts);
        assert_eq!(found, Vec::<String>::new());
        counts.delivered = 4;
        check(&mut found, || "icu/1/mon/vitals".to_owned(), &counts);
        assert_eq!(found, ["icu/1/mon/vitals: 5 generated, but 4 delivered + 1 lost + 0 dropped + 1 pending"]);
    }
}
