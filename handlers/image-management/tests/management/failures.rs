//! What happens when something behind the API fails: 502, nothing from inside, and nothing half done.

use aws_adapters::managed_items::ManagedItems;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use domain::AttributeNames;
use image_management::Handler;
use serde_json::json;

use crate::ask::{Answer, Ask};
use crate::service::{NOW, Service, png};

fn put() -> Ask {
    Ask::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(10, 10))
}

#[tokio::test]
async fn an_aws_service_that_does_not_answer_leaves_everything_as_it_was() {
    let service = Service::with_cat().await;
    let before = (service.items().await, service.objects().await);
    let nowhere = local_aws::sdk_config("http://127.0.0.1:1");
    let s3 = aws_sdk_s3::Client::new(&nowhere);
    let table = aws_sdk_dynamodb::Client::new(&nowhere);
    let items = ManagedItems::new(table, "image-packs".to_owned(), AttributeNames::default());
    let confirm = "/imagePacks/cat/imageLocations/main/uploads/550e8400-e29b-41d4-a716-446655440000/confirm";
    for (handler, ask) in [
        (Handler { items: items.clone(), ..service.handler.clone() }, put()),
        (Handler { items, ..service.handler.clone() }, Ask::new("GET", "/imagePacks")),
        (
            Handler { originals: OriginalsBucket::new(s3.clone(), "originals".to_owned()), ..service.handler.clone() },
            put(),
        ),
        (
            Handler { uploads: UploadArea::new(s3, "originals".to_owned()), ..service.handler.clone() },
            Ask::new("POST", confirm),
        ),
    ] {
        let answer = Answer::of(&handler.handle(&ask.request(), NOW).await);
        answer.check_error(502, "unavailable", "Send it again");
    }
    assert_eq!((service.items().await, service.objects().await), before);
}

#[tokio::test]
async fn an_original_whose_pack_cannot_be_written_is_not_kept() {
    let service = Service::with_cat().await;
    // So large that DynamoDB, which takes 400 KB, refuses to write any more into it.
    let ballast = "x".repeat(409_500);
    service.put_item("pack#cat", json!({"imageLocations": {}, "title": "A cat", "ballast": ballast})).await;
    let bulk = "y".repeat(500);
    let title = Ask::new("PATCH", "/imagePacks/cat").json(&json!({"title": bulk}));
    service.check_refused(title, 502, "unavailable", "Send it again").await;
    service.check_refused(put(), 502, "unavailable", "Send it again").await;
}
