use lambda_http::{Context, RequestExt};
use serde_json::{Value, json};

use super::*;

/// The response of a handler that names the query parameters that it got.
async fn response_to(event: &Value) -> Value {
    let handler = async |request: Request| {
        let parameters = request.query_string_parameters();
        let names: Vec<_> = parameters.iter().map(|(name, _)| name.to_owned()).collect();
        crate::json(StatusCode::OK, &json!({"path": request.raw_http_path(), "parameters": names}))
    };
    let payload = serde_json::from_str(&event.to_string()).unwrap();
    let response = respond(LambdaEvent::new(payload, Context::default()), &handler).await.unwrap();
    serde_json::to_value(&response).unwrap()
}

/// An event of API Gateway; a function URL's has the stage `$default`.
fn event(stage: &str, path: &str, query: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "manage.api.eu-west-1.vmnd.tv", "x-forwarded-proto": "https"},
        "requestContext": {
            "domainName": "manage.api.eu-west-1.vmnd.tv",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "stage": stage,
        },
        "isBase64Encoded": false,
    })
}

async fn check_status(event: &Value, expected: u16) -> Value {
    let response = response_to(event).await;
    assert_eq!(response["statusCode"], expected, "{event}: {response}");
    serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
}

async fn check_rejected(path: &str, query: &str, expected: &str) {
    for stage in ["dev-lof", "$default"] {
        let body = check_status(&event(stage, path, query), 400).await;
        assert_eq!(body["error"]["code"], "invalid-url");
        assert_eq!(body["error"]["message"], expected);
    }
}

#[tokio::test]
async fn a_query_with_a_character_that_must_be_encoded_is_rejected_and_the_error_names_it() {
    let message = |character: &str, encoded: &str| {
        format!("The URL's query contains the character '{character}' as it is. Send it as {encoded}.")
    };
    for (query, character, encoded) in [
        ("dryRun=\"true\"", "\"", "%22"),
        ("dryRun=true&a=<b", "<", "%3C"),
        ("dryRun=true&a=b>", ">", "%3E"),
        ("dryRun= true", " ", "%20"),
        ("a=#b", "#", "%23"),
        ("a=\u{0}", "\\0", "%00"),
        ("a\r\nx-evil: 1", "\\r", "%0D"),
        ("a=\u{7f}", "\\u{7f}", "%7F"),
        ("location=für", "ü", "%C3%BC"),
        ("location=\u{fffd}", "\u{fffd}", "%EF%BF%BD"),
        ("\u{1f408}", "\u{1f408}", "%F0%9F%90%88"),
    ] {
        check_rejected("/api/v2/img/cat", query, &message(character, encoded)).await;
    }
}

#[tokio::test]
async fn every_character_in_a_query_is_either_passed_on_or_rejected() {
    for character in (0..=u8::MAX).map(char::from) {
        let query = format!("a={character}b");
        let expected = if must_be_encoded(character) { 400 } else { 200 };
        check_status(&event("dev-lof", "/images/acme/cat", &query), expected).await;
    }
}

#[tokio::test]
async fn a_path_reaches_the_handler_as_it_is_whatever_its_characters() {
    let characters = (0..=u8::MAX).map(|byte| format!("/api/v2/img/{}cat", char::from(byte)));
    let others =
        ["", "/", "//cat", "/..", "/a\\b", "/%zz", "/%", "/\u{fffd}", "/\u{202e}tac", "/猫", "/:80", "/@host/"];
    for path in characters.chain(others.map(ToOwned::to_owned)) {
        for stage in ["dev-lof", "$default"] {
            let body = check_status(&event(stage, &path, "a=1"), 200).await;
            assert_eq!(body["path"], path);
        }
    }
}

#[tokio::test]
async fn a_path_without_a_slash_at_its_beginning_is_rejected() {
    for path in ["*", "cat", ":99999", "@", "https://example.com/"] {
        check_rejected(path, "", "The URL's path does not begin with a slash.").await;
    }
}

#[tokio::test]
async fn a_url_that_is_too_long_is_rejected() {
    let message = "The URL's path and query are longer than 20000 bytes.";
    let allowed = "ü".repeat(9_999);
    check_status(&event("$default", &format!("/{allowed}"), ""), 200).await;
    check_rejected(&format!("/{allowed}ü"), "", message).await;
    check_rejected("/", &"a".repeat(20_000), message).await;
}

#[tokio::test]
async fn headers_that_name_no_host_and_no_scheme_change_nothing() {
    for (host, proto) in [("", ""), ("a b", "https"), ("[", "http"), ("1.2.3.4.5:99999", ":"), ("ü@\\", "\"<>")] {
        let mut event = event("$default", "/api/v2/img/cat", "location=main");
        event["headers"] = json!({"host": host, "x-forwarded-proto": proto, "user-agent": "für"});
        let body = check_status(&event, 200).await;
        assert_eq!(body, json!({"path": "/api/v2/img/cat", "parameters": ["location"]}));
    }
}

#[tokio::test]
async fn a_rejected_request_is_not_cached() {
    let response = response_to(&event("$default", "/api/v2/img/cat", "location=\"")).await;
    assert_eq!(response["headers"]["cache-control"], "no-store, stale-if-error=0");
}
