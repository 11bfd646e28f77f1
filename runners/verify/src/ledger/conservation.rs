//! No message is gained or lost in the books.

use super::Ledger;
use super::account::Account;
use crate::Counts;

impl Ledger {
    /// Routes, or the run as a whole, on which messages have no end or two; a ledger with one of them is wrong about
    /// the stack as well.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut sum = Counts::default();
        for account in &self.accounts.all {
            if account.is_first {
                sum.add(&account.counts);
            }
            check(&mut found, || self.name_of(account), &account.counts);
        }
        check(&mut found, || "all streams together".to_owned(), &self.totals.counts);
        if sum != self.totals.counts {
            found.push(format!("the streams amount to {sum:?}, the run to {:?}", self.totals.counts));
        }
        debug_assert!(found.is_empty(), "{found:?}");
        found
    }

    fn name_of(&self, account: &Account) -> String {
        let path = self.plan.route_path(account.route.index());
        match account.probe.filter(|_| !account.is_first) {
            Some(probe) => format!("{path} at probe {}", self.plan.probes[usize::from(probe)].id),
            None => path,
        }
    }
}

fn check(found: &mut Vec<String>, whose: impl Fn() -> String, counts: &Counts) {
    let Counts { generated, delivered, altered, lost, unjudged, dropped_declared, pending, .. } = counts;
    if *generated != delivered + altered + lost + unjudged + dropped_declared + pending {
        found.push(format!(
            "{}: {generated} generated, but {delivered} delivered + {altered} altered + {lost} lost + {unjudged} unjudged \
             + {dropped_declared} dropped + {pending} pending",
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
        let mut counts = Counts { generated: 6, delivered: 3, lost: 1, unjudged: 1, pending: 1, ..Counts::default() };
        check(&mut found, || "icu/1/mon/vitals".to_owned(), &counts);
        assert_eq!(found, Vec::<String>::new());
        counts.delivered = 4;
        check(&mut found, || "icu/1/mon/vitals".to_owned(), &counts);
        assert_eq!(
            found,
            [
                "icu/1/mon/vitals: 6 generated, but 4 delivered + 0 altered + 1 lost + 1 unjudged + 0 dropped + 1 pending"
            ]
        );
    }
}
