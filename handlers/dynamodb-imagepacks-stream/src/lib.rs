//! The Lambda function `dynamodb-imagepacks-stream`: from the image-pack table's stream to the invalidation queue.

pub use purging::stream::{Handler, SOURCE, read};
