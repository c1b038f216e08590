//! What a dead letter stands for.

use domain::TenantId;
use domain::purge::purge_request::OutboxEntry;
use serde::Deserialize;
use serde_json::Value;

/// A dead letter, by who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeadLetter {
    /// The stream handler: a stream record that it could not read, as Lambda delivered it.
    Record(Value),
    /// Lambda: a batch of stream records that it gave up delivering. It names them and does not contain them.
    Range(Box<Range>),
    /// The purge: an entry of the queue whose item CloudFront rejects.
    Rejected(Box<Rejected>),
}

/// An entry that was taken out of the queue, because CloudFront rejects its item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Rejected {
    /// Whose images.
    pub(crate) tenant: TenantId,
    /// The row as it was.
    pub(crate) entry: OutboxEntry,
}

/// Some consecutive records of one shard of the stream. See "Destinations for discarded batches" in the Lambda developer
/// guide.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Range {
    /// The stream.
    pub(crate) stream_arn: String,
    /// Its shard.
    pub(crate) shard_id: String,
    /// The sequence number of the first record.
    pub(crate) start_sequence_number: String,
    /// The sequence number of the last record.
    pub(crate) end_sequence_number: String,
    /// When the first record was written: what is lost is not older.
    pub(crate) approximate_arrival_of_first_record: String,
}

/// What nobody here wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnknownDeadLetter {
    /// It is no JSON.
    #[error("it is not JSON ({0})")]
    Json(serde_json::Error),
    /// Its source is unknown.
    #[error("no function here writes such dead letters: it has neither a known \"source\" nor \"DDBStreamBatchInfo\"")]
    Source,
    /// It lacks what its source writes.
    #[error("what it stands for cannot be read: {0}")]
    Content(serde_json::Error),
}

impl DeadLetter {
    /// Reads a message of the dead-letter queue.
    pub(crate) fn read(body: &str) -> Result<Self, UnknownDeadLetter> {
        let mut dead_letter: Value = serde_json::from_str(body).map_err(UnknownDeadLetter::Json)?;
        if let Some(range) = dead_letter.get_mut("DDBStreamBatchInfo") {
            return serde_json::from_value(range.take()).map(Self::Range).map_err(UnknownDeadLetter::Content);
        }
        let payload = dead_letter.get_mut("payload").map(Value::take).unwrap_or_default();
        match dead_letter["source"].as_str() {
            Some(purging::stream::SOURCE) => Ok(Self::Record(payload)),
            Some(purging::bisection::SOURCE) => {
                serde_json::from_value(payload).map(Self::Rejected).map_err(UnknownDeadLetter::Content)
            }
            _ => Err(UnknownDeadLetter::Source),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_writer_of_dead_letters_is_known_by_its_form() {
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
        assert_eq!((rejected.tenant.as_str(), rejected.entry.changes), ("acme", 3));
    }

    #[test]
    fn a_dead_letter_of_another_writer_says_what_is_wrong_with_it() {
        for (body, expected) in [
            ("hello", "it is not JSON"),
            ("[]", "no function here writes such dead letters"),
            (r#"{"source": "cron", "payload": {}}"#, "no function here writes such dead letters"),
            (r#"{"source": "image-invalidation", "payload": {"tenant": "ACME"}}"#, "tenant \"ACME\" is not valid"),
            (r#"{"DDBStreamBatchInfo": {"shardId": "s"}}"#, "missing field `streamArn`"),
        ] {
            let error = DeadLetter::read(body).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }
}
