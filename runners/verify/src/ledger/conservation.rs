//! No message is gained or lost in the books.

use super::Ledger;
use crate::Counts;

impl Ledger {
    /// Every message said has exactly one end, on every route and altogether; a ledger that cannot add up must not judge.
    pub(super) fn assert_conservation(&self) {
        let settled = |counts: &Counts| counts.delivered + counts.lost + counts.dropped_declared + counts.pending;
        for (route, account) in self.accounts.iter().enumerate() {
            let counts = &account.counts;
            assert_eq!(
                counts.generated,
                settled(counts),
                "messages of {} that have no end, or two: {counts:?}",
                self.plan.route_path(route)
            );
        }
        let total = &self.totals.counts;
        assert_eq!(total.generated, settled(total), "messages of the run that have no end, or two: {total:?}");
    }
}
