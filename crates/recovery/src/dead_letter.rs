//! The content of a dead letter.

use domain::TenantId;
use domain::purge::purge_request::OutboxEntry;
use serde::Deserialize;
use serde_json::Value;

/// A dead letter, by its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeadLetter {
    /// From the stream handler: a stream record that it could not read, in the form of Lambda's event.
    Record(Value),
    /// From Lambda: the range of a batch of stream records that it could not deliver, without the records.
    Range(Box<Range>),
    /// From a purge: an entry of the queue with an item that CloudFront rejects.
    Rejected(Box<Rejected>),
}

/// An entry that was removed from the queue because CloudFront rejects its item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Rejected {
    /// The tenant.
    pub(crate) tenant: TenantId,
    /// The entry of the outbox.
    pub(crate) entry: OutboxEntry,
}

/// A range of records of one shard. See "Destinations for discarded batches" in the Lambda developer guide.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Range {
    /// The ARN of the stream.
    pub(crate) stream_arn: String,
    /// The id of the shard.
    pub(crate) shard_id: String,
    /// The sequence number of the first record.
    pub(crate) start_sequence_number: String,
    /// The sequence number of the last record.
    pub(crate) end_sequence_number: String,
    /// The time at which the first record was written, in RFC 3339.
    pub(crate) approximate_arrival_of_first_record: String,
}

/// A dead letter without known content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeadLetterError {
    /// The body is not JSON.
    #[error("the body is not JSON ({0}); check it and delete the dead letter")]
    Json(serde_json::Error),
    /// The source is unknown.
    #[error(
        "the source is unknown: the body has neither a known \"source\" nor \"DDBStreamBatchInfo\"; check it and delete \
         the dead letter"
    )]
    Source,
    /// The content does not match the source.
    #[error("the content cannot be read ({0}); use the version of imagecache that matches the deployed functions")]
    Content(serde_json::Error),
}

impl DeadLetter {
    /// Parses a message of the dead-letter queue.
    pub(crate) fn read(body: &str) -> Result<Self, DeadLetterError> {
        let mut dead_letter: Value = serde_json::from_str(body).map_err(DeadLetterError::Json)?;
        if let Some(range) = dead_letter.get_mut("DDBStreamBatchInfo") {
            return serde_json::from_value(range.take()).map(Self::Range).map_err(DeadLetterError::Content);
        }
        let payload = dead_letter.get_mut("payload").map(Value::take).unwrap_or_default();
        match dead_letter["source"].as_str() {
            Some(purging::stream::SOURCE) => Ok(Self::Record(payload)),
            Some(purging::bisection::SOURCE) => {
                serde_json::from_value(payload).map(Self::Rejected).map_err(DeadLetterError::Content)
            }
            _ => Err(DeadLetterError::Source),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_sender_of_dead_letters_is_recognised() {
        let record = json!({"dynamodb": {"Keys": {}}});
        let dead_letter = json!({"source": "dynamodb-imagepacks-stream", "reason": "?", "payload": record});
        assert_eq!(DeadLetter::read(&dead_letter.to_string()).unwrap(), DeadLetter::Record(record));

        // As in the Lambda developer guide.
        let dead_letter = json!({
            "requestContext": {"requestId": "316aa6d0", "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2019-11-14T00:13:49.717Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001573689847184-864758bb",
                "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276362",
                "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
                "approximateArrivalOfLastRecord": "2019-11-14T00:13:19Z",
                "batchSize": 1,
                "streamArn": "arn:aws:dynamodb:us-east-2:123456789012:table/mytable/stream/2019-11-14T00:04:06.388",
            },
        });
        let DeadLetter::Range(range) = DeadLetter::read(&dead_letter.to_string()).unwrap() else { panic!("a range") };
        assert_eq!(range.start_sequence_number, "800000000003126276362");
        assert_eq!(range.approximate_arrival_of_first_record, "2019-11-14T00:13:19Z");

        let entry = json!({
            "target": "pack#p1", "version": "1@d", "isFinal": true, "beganAt": 2, "variantsDeleted": 0,
            "firstEventAt": 1, "changes": 3, "reasons": ["image-locations-changed"], "requestedBy": ["stream"],
        });
        let payload = json!({"tenant": "acme", "entry": entry, "distribution": {"distributionId": "E1"}});
        let dead_letter = json!({"source": "image-invalidation", "reason": "?", "payload": payload});
        let DeadLetter::Rejected(rejected) = DeadLetter::read(&dead_letter.to_string()).unwrap() else {
            panic!("an entry")
        };
        assert_eq!((rejected.tenant.as_str(), rejected.entry.cause.changes), ("acme", 3));
    }

    #[test]
    fn a_dead_letter_of_an_unknown_sender_is_an_error_with_the_cause() {
        for (body, expected) in [
            ("hello", "the body is not JSON"),
            ("[]", "the source is unknown"),
            (r#"{"source": "cron", "payload": {}}"#, "the source is unknown"),
            (r#"{"source": "image-invalidation", "payload": {"tenant": "ACME"}}"#, "tenant \"ACME\" is not valid"),
            (r#"{"DDBStreamBatchInfo": {"shardId": "s"}}"#, "missing field `streamArn`"),
        ] {
            let error = DeadLetter::read(body).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }
}
