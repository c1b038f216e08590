use std::error::Error;

use aws_sdk_cloudfront::config::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use http::Request;
use jiff::Timestamp;

/// The service of the origin at `domain_name`: S3 for a bucket's domain, otherwise Lambda, of a function URL.
fn service(domain_name: &str) -> &'static str {
    if domain_name.split('.').nth(1) == Some("s3") { "s3" } else { "lambda" }
}

/// Signs an origin request without a body as an origin access control requires: Signature Version 4 in the headers.
///
/// The signature is for `path` at `domain_name`, the origin's own address; the request goes to the origin gateway.
pub(super) fn sign<B>(
    request: &mut Request<B>,
    (domain_name, path): (&str, &str),
    region: &str,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service(domain_name))
        .time(now.into())
        .settings(settings)
        .build()?
        .into();
    // Only the host is signed besides the headers that the signature itself adds.
    let url = format!("https://{domain_name}{path}");
    let signable = SignableRequest::new(request.method().as_str(), &url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign_request(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_names_key_date_region_and_service() {
        let origins = [("abc.lambda-url.eu-west-1.on.aws", "lambda"), ("images.s3.eu-west-1.amazonaws.com", "s3")];
        for (domain_name, service) in origins {
            let mut request = Request::new(());
            let credentials = Credentials::new("test", "test", None, None, "a test");
            let address = (domain_name, "/img?location=main");
            sign(&mut request, address, "eu-west-1", &credentials, Timestamp::UNIX_EPOCH).unwrap();

            let authorization = request.headers()["authorization"].to_str().unwrap();
            let expected = format!("AWS4-HMAC-SHA256 Credential=test/19700101/eu-west-1/{service}/aws4_request, ");
            assert!(authorization.starts_with(&expected), "{authorization}");
            assert!(authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date, "), "{authorization}");
            assert_eq!(request.headers()["x-amz-date"], "19700101T000000Z");
        }
    }
}
