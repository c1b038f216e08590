use std::collections::HashMap;

use jiff::Timestamp;

use crate::api_error::{ApiError, Code};
use crate::propagation::{Delays, Propagation};
use crate::quotas::{AccountUse, CallRate, ItemCounts, Quotas, TokenBucket};

/// An operation of the API with a throttle of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    CreateInvalidation,
    GetInvalidation,
    ListInvalidations,
}

/// The state that counts over all distributions: the calls, the quotas and the number of accepted invalidations.
#[derive(Debug)]
pub(crate) struct Account {
    quotas: Quotas,
    call_rate: CallRate,
    propagation: Propagation,
    used: AccountUse,
    calls: HashMap<Operation, TokenBucket>,
    accepted: u64,
}

impl Account {
    pub(crate) fn new(quotas: Quotas, call_rate: CallRate, propagation: Propagation) -> Self {
        let used = AccountUse::default();
        Self { quotas, call_rate, propagation, used, calls: HashMap::new(), accepted: 0 }
    }

    /// Counts a call, or rejects it as AWS words it.
    pub(crate) fn admit_call(&mut self, now: Timestamp, operation: Operation) -> Result<(), ApiError> {
        let rate = match operation {
            Operation::CreateInvalidation => self.call_rate,
            Operation::GetInvalidation | Operation::ListInvalidations => CallRate::GENEROUS,
        };
        let is_allowed = self.calls.entry(operation).or_default().take(now, 1, rate);
        if is_allowed { Ok(()) } else { Err(Code::Throttling.error("Rate exceeded")) }
    }

    /// Accepts a batch within the quotas and returns the delays of its invalidation.
    pub(crate) fn accept(
        &mut self,
        now: Timestamp,
        sent: ItemCounts,
        in_progress: ItemCounts,
    ) -> Result<Delays, ApiError> {
        self.used.admit(now, self.quotas, sent, in_progress)?;
        let delays = self.propagation.delays(self.accepted);
        self.accepted += 1;
        Ok(delays)
    }
}
