//! Transactions of DynamoDB, and the writes that meet one. DynamoDB cancels one of two that overlap on an item, and the
//! SDK repeats neither.

use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;
use purging::ports::CallErrorKind;

/// The outcome of a transaction of conditional writes, by the reasons of its cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancellation {
    /// The same transaction may succeed later: it met another one, or the table was throttled.
    Passing(CallErrorKind),
    /// Conditions did not hold, and nothing else stood in the way.
    Conditions,
    /// It can never succeed as it is.
    Invalid,
}

impl Cancellation {
    /// Reads the reasons, one for each part of the transaction. DynamoDB reports a condition that did not hold beside a
    /// conflict of another part; then the other part was not checked.
    pub(crate) fn of(reasons: &[CancellationReason]) -> Self {
        let codes = || reasons.iter().filter_map(CancellationReason::code);
        let has = |expected: &[&str]| codes().any(|code| expected.contains(&code));
        if has(&["TransactionConflict"]) {
            Self::Passing(CallErrorKind::Conflict)
        } else if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
            Self::Passing(CallErrorKind::Throttled)
        } else if has(&[CONDITION_FAILED]) {
            Self::Conditions
        } else {
            Self::Invalid
        }
    }
}

/// The reason of a part whose condition did not hold.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Whether the condition of the part with this index did not hold.
pub(crate) fn is_condition_failed(reasons: &[CancellationReason], index: usize) -> bool {
    reasons.get(index).and_then(CancellationReason::code) == Some(CONDITION_FAILED)
}

/// Lets the SDK repeat transactions and writes that DynamoDB rejected because of another one.
#[derive(Debug)]
pub(crate) struct ConflictClassifier;

impl ClassifyRetry for ConflictClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let Some(error) = error.as_operation_error() else { return RetryAction::NoActionIndicated };
        let is_canceled = matches!(
            error.downcast_ref(),
            Some(TransactWriteItemsError::TransactionCanceledException(canceled))
                if matches!(Cancellation::of(canceled.cancellation_reasons()), Cancellation::Passing(_))
        );
        let put = error.downcast_ref::<PutItemError>().and_then(ProvideErrorMetadata::code);
        let update = error.downcast_ref::<UpdateItemError>().and_then(ProvideErrorMetadata::code);
        let delete = error.downcast_ref::<DeleteItemError>().and_then(ProvideErrorMetadata::code);
        let is_passing = is_canceled || put.or(update).or(delete) == Some("TransactionConflictException");
        // As after a throttled call: the pauses grow, and no connection is closed.
        if is_passing { RetryAction::throttling_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "transaction conflict"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_passes_unless_all_of_its_reasons_last() {
        use CallErrorKind::{Conflict, Throttled};
        let cases: [(&[&str], Cancellation); 8] = [
            (&["None", "TransactionConflict"], Cancellation::Passing(Conflict)),
            (&["ConditionalCheckFailed", "TransactionConflict"], Cancellation::Passing(Conflict)),
            (&["ThrottlingError", "None"], Cancellation::Passing(Throttled)),
            (&["ProvisionedThroughputExceeded"], Cancellation::Passing(Throttled)),
            (&["ConditionalCheckFailed", "None"], Cancellation::Conditions),
            (&["None", "ConditionalCheckFailed"], Cancellation::Conditions),
            (&["ValidationError", "None"], Cancellation::Invalid),
            (&[], Cancellation::Invalid),
        ];
        for (codes, expected) in cases {
            let reasons: Vec<_> = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
            assert_eq!(Cancellation::of(&reasons), expected, "{codes:?}");
        }
    }
}
