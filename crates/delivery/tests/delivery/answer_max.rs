//! A response that CloudFront may cache leaves within `answer_max` of the read that it rests on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_adapters::delivery::AwsDelivery;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::render_lock_table::RenderLockTable;
use contract::TenantSource;
use delivery::Handler;
use delivery::ports::{Found, Packs, Ports, StoredVariant, Variants};
use domain::{ImagePackId, LocationName, Measurements, TenantId};
use lambda_http::{Body, Response};
use purging::ports::CallError;
use serde_json::json;
use support::TestClock;

use crate::service::{ANSWER_MAX, GREEN, RED, Service, check_image, header, send_request};

const SIZE: (u32, u32) = (64, 36);
const URL: &str = "/api/v2/img/p1?location=main";

const UNTIL_PURGED: &str = "public, max-age=0, must-revalidate, stale-if-error=0, s-maxage=2592000";
const BRIEFLY: &str = "public, max-age=0, stale-if-error=0, s-maxage=5";
const NEVER: &str = "no-store, stale-if-error=0";

const INSTANT: Duration = Duration::ZERO;
/// Longer than a response may take after its read.
const SLOW: Duration = Duration::from_millis(2_001);

/// The durations of calls, the first call first. Further calls take no time.
type Durations = Arc<Mutex<VecDeque<Duration>>>;

/// The ports of a service in which only these calls take time.
#[derive(Clone)]
struct Timed {
    aws: AwsDelivery,
    clock: TestClock,
    pack_reads: Durations,
    variant_reads: Durations,
    /// Changes the image during the variant reads that take time.
    edit: Option<(Service, [u8; 3])>,
    /// The number of reads of the image-pack table.
    reads: Arc<Mutex<usize>>,
}

impl Timed {
    fn of(service: &Service, pack_reads: &[Duration], variant_reads: &[Duration]) -> Self {
        Self {
            aws: service.handler.ports.clone(),
            clock: TestClock::at(aws_adapters::now()),
            pack_reads: Arc::new(Mutex::new(pack_reads.iter().copied().collect())),
            variant_reads: Arc::new(Mutex::new(variant_reads.iter().copied().collect())),
            edit: None,
            reads: Arc::default(),
        }
    }

    /// Lets time pass that the machine's clock does not show: only the monotonic time counts.
    fn pass(&self, duration: Duration) {
        self.clock.pass_unseen(duration);
    }

    async fn get(&self, service: &Service, url: &str) -> Response<Body> {
        let Handler { cache_tag_header, cached_max, answer_max, .. } = service.handler.clone();
        let handler = Handler {
            ports: self.clone(),
            tenant_source: TenantSource::Header,
            cache_tag_header,
            cached_max,
            answer_max,
        };
        send_request(&handler, "GET", Some("acme"), url).await
    }

    fn reads(&self) -> usize {
        *self.reads.lock().unwrap()
    }
}

impl Ports for Timed {
    type Packs = Self;
    type Originals = OriginalsBucket;
    type Variants = Self;
    type RenderLocks = RenderLockTable;
    type Clock = TestClock;

    fn packs(&self) -> &Self {
        self
    }

    fn originals(&self) -> &OriginalsBucket {
        &self.aws.originals
    }

    fn variants(&self) -> &Self {
        self
    }

    fn render_locks(&self) -> &RenderLockTable {
        &self.aws.render_locks
    }

    fn clock(&self) -> &TestClock {
        &self.clock
    }

    fn record(&self, _: &Measurements) {}
}

impl Packs for Timed {
    async fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> Result<Found, CallError> {
        *self.reads.lock().unwrap() += 1;
        let found = ImagePackTable::find(&self.aws.packs, tenant, packs, locations).await;
        let duration = self.pack_reads.lock().unwrap().pop_front();
        self.pass(duration.unwrap_or_default());
        found
    }
}

impl Variants for Timed {
    async fn read(&self, key: &str) -> Result<Option<StoredVariant>, CallError> {
        let variant = self.aws.variants.read(key).await;
        let duration = self.variant_reads.lock().unwrap().pop_front();
        if let Some(duration) = duration {
            self.pass(duration);
            if let Some((service, colour)) = &self.edit {
                service.write_pack("acme", "p1", *colour).await;
            }
        }
        variant
    }

    async fn store(&self, key: &str, bytes: Vec<u8>, content_type: &str, tags: &str) -> Result<String, CallError> {
        self.aws.variants.store(key, bytes, content_type, tags).await
    }

    async fn remove(&self, key: &str) -> Result<(), CallError> {
        self.aws.variants.remove(key).await
    }
}

/// A service whose pack `p1` is red, in a small location.
async fn red() -> Service {
    let service = Service::start().await;
    service.write("acme", "location#main", json!({"width": SIZE.0, "height": SIZE.1})).await;
    service.write_pack("acme", "p1", RED).await;
    service
}

/// Requests the image, whose variant is stored, where the reads of the table and of the variant take this long. Expects
/// the number of reads of the table and the cache control.
async fn check_stored(
    url: &str,
    pack_reads: &[Duration],
    variant_reads: &[Duration],
    (reads, cache_control): (usize, &str),
) {
    let service = red().await;
    service.get("acme", URL).await;
    let timed = Timed::of(&service, pack_reads, variant_reads);
    let response = timed.get(&service, url).await;
    check_image(&response, RED, SIZE);
    let case = format!("{url} {pack_reads:?} {variant_reads:?}");
    assert_eq!((timed.reads(), header(&response, "cache-control")), (reads, Some(cache_control)), "{case}");
}

#[tokio::test]
async fn a_response_after_answer_max_rests_on_a_second_read() {
    let dated = &format!("{URL}&date=1");
    check_stored(URL, &[], &[INSTANT], (1, UNTIL_PURGED)).await;
    check_stored(URL, &[], &[ANSWER_MAX], (1, UNTIL_PURGED)).await;
    check_stored(URL, &[], &[SLOW], (2, UNTIL_PURGED)).await;
    check_stored(dated, &[], &[SLOW], (2, BRIEFLY)).await;
    // The time of a read is that of its beginning.
    check_stored(URL, &[ANSWER_MAX], &[Duration::from_millis(1)], (2, UNTIL_PURGED)).await;
    check_stored(URL, &[SLOW], &[], (2, UNTIL_PURGED)).await;
    // Without a location in the URL, the first read is one of two.
    check_stored("/api/v2/img/p1", &[INSTANT, SLOW], &[], (3, UNTIL_PURGED)).await;
}

#[tokio::test]
async fn a_response_that_rests_on_no_recent_read_is_not_cached() {
    check_stored(URL, &[SLOW, SLOW], &[], (2, NEVER)).await;
    check_stored(URL, &[INSTANT, SLOW], &[SLOW], (2, NEVER)).await;
    check_stored(&format!("{URL}&date=1"), &[SLOW, SLOW], &[], (2, NEVER)).await;
}

#[tokio::test]
async fn an_image_that_changed_during_a_slow_request_is_rendered_again() {
    let service = red().await;
    service.get("acme", URL).await;
    let edit = Some((service.clone(), GREEN));
    let timed = Timed { edit, ..Timed::of(&service, &[], &[SLOW]) };
    let response = timed.get(&service, URL).await;
    check_image(&response, GREEN, SIZE);
    assert_eq!(header(&response, "cache-control"), Some(UNTIL_PURGED));
}

/// Four attempts, each of which reads the variant twice and the marker once.
#[tokio::test]
async fn an_image_that_changes_again_and_again_during_a_request_is_not_cached() {
    let service = red().await;
    let edit = Some((service.clone(), GREEN));
    let timed = Timed { edit, ..Timed::of(&service, &[], &[SLOW; 12]) };
    let response = timed.get(&service, URL).await;
    check_image(&response, GREEN, SIZE);
    assert_eq!((header(&response, "cache-control"), timed.reads()), (Some(NEVER), 5));
    assert_eq!(service.stored_keys().await, Vec::<String>::new(), "outdated variants are deleted");
}

/// Requests an image that cannot be shown.
async fn check_error(service: &Service, url: &str, timed: Timed, code: &str, expected: (usize, &str)) {
    let response = timed.get(service, url).await;
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((response.status().as_u16(), &body["error"]["code"]), (404, &json!(code)));
    assert_eq!((timed.reads(), header(&response, "cache-control").unwrap()), expected, "{code}");
}

#[tokio::test]
async fn an_error_obeys_the_same_rule() {
    let service = red().await;
    let (missing, poster) = ("/api/v2/img/none", "/api/v2/img/p1?location=poster");
    for (url, code) in [(missing, "unknown-image-pack"), (poster, "unknown-location")] {
        check_error(&service, url, Timed::of(&service, &[ANSWER_MAX], &[]), code, (1, BRIEFLY)).await;
        check_error(&service, url, Timed::of(&service, &[SLOW], &[]), code, (1, NEVER)).await;
    }
    let lost = json!({"main": {"original": {"key": "acme/lost/main", "version": "version-of-nothing"}}});
    service.write("acme", "pack#lost", json!({"imageLocations": lost, "mainImageLocation": "main"})).await;
    let (url, code) = ("/api/v2/img/lost?location=main", "missing-original");
    check_error(&service, url, Timed::of(&service, &[], &[SLOW]), code, (2, BRIEFLY)).await;
    check_error(&service, url, Timed::of(&service, &[INSTANT, SLOW], &[SLOW]), code, (2, NEVER)).await;
}

#[tokio::test]
async fn an_image_that_became_renderable_during_a_slow_request_is_shown() {
    let service = red().await;
    let html = service.upload("acme/p1/main", b"<html>not found</html>".to_vec()).await;
    let locations = json!({"main": {"original": html}});
    service.write("acme", "pack#p1", json!({"imageLocations": locations, "mainImageLocation": "main"})).await;
    let edit = Some((service.clone(), RED));
    let timed = Timed { edit, ..Timed::of(&service, &[], &[SLOW]) };
    check_image(&timed.get(&service, URL).await, RED, SIZE);
}
