//! The body of an S3 object, read within a limit of memory.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStreamError;

/// Reads the body of `object`. `None`: it has more than `bytes_max` bytes. Its declared length is checked first, so that
/// a larger object is not read; the limit holds also where the length is not declared.
pub(crate) async fn read_bounded(
    mut object: GetObjectOutput,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, ByteStreamError> {
    let declared = object.content_length().and_then(|length| usize::try_from(length).ok());
    if declared.is_some_and(|length| length > bytes_max) {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(declared.unwrap_or_default());
    while let Some(chunk) = object.body.try_next().await? {
        if chunk.len() > bytes_max - bytes.len() {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::ByteStream;

    use super::*;

    /// The limit of these cases, in bytes.
    const MAX: usize = 3;

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_whatever_its_declared_length() {
        for (declared, body, expected) in [
            (Some(3), "cat", Some("cat")),
            (None, "cat", Some("cat")),
            (Some(0), "", Some("")),
            (Some(4), "cats", None),
            (None, "cats", None),
            (Some(3), "cats", None),
        ] {
            let object = GetObjectOutput::builder().set_content_length(declared);
            let object = object.body(ByteStream::from_static(body.as_bytes())).build();
            let read = read_bounded(object, MAX).await.unwrap();
            assert_eq!(read.as_deref(), expected.map(str::as_bytes), "{body:?}, declared: {declared:?}");
        }
    }
}
