use super::fixture::{ACME, Fixture, GLOBEX, PROPAGATION_DELAY_SECS};

const MAIN: &str = "/img/sunset?location=main";
const POSTER: &str = "/img/sunset?location=poster";
const BEACH: &str = "/img/beach?location=main";

/// Caches three images of acme and one of globex, invalidates items of acme, and asserts on the purged images.
async fn check_purge(items: &[&str], purged: &[&str]) {
    let fixture = Fixture::start().await;
    for (host, path) in [(ACME, MAIN), (ACME, POSTER), (ACME, BEACH), (GLOBEX, MAIN)] {
        assert_eq!(fixture.get(host, path).await.x_cache(), "Miss");
    }

    fixture.create("first", items).await;
    fixture.advance(PROPAGATION_DELAY_SECS);

    let mut misses = Vec::new();
    for path in [MAIN, POSTER, BEACH] {
        if fixture.get(ACME, path).await.x_cache() == "Miss" {
            misses.push(path);
        }
    }
    assert_eq!(misses, purged, "{items:?}");
    assert_eq!(fixture.get(GLOBEX, MAIN).await.x_cache(), "Hit", "{items:?} touches another tenant");
}

#[tokio::test]
async fn a_tag_purges_the_objects_with_this_tag() {
    check_purge(&["#acme/sunset"], &[MAIN, POSTER]).await;
    check_purge(&["#ACME/Beach"], &[BEACH]).await;
    check_purge(&["#acme"], &[MAIN, POSTER, BEACH]).await;
    check_purge(&["#globex", "#acme/sun"], &[]).await;
}

#[tokio::test]
async fn a_path_purges_one_object() {
    check_purge(&[MAIN], &[MAIN]).await;
    check_purge(&["/img/sunset"], &[]).await;
    check_purge(&["/IMG/sunset?location=main"], &[]).await;
}

#[tokio::test]
async fn a_wildcard_purges_the_objects_with_this_prefix() {
    check_purge(&["/img/sunset*"], &[MAIN, POSTER]).await;
    check_purge(&["/img/*"], &[MAIN, POSTER, BEACH]).await;
    check_purge(&["/*"], &[MAIN, POSTER, BEACH]).await;
}

#[tokio::test]
async fn a_batch_can_mix_kinds_of_items() {
    check_purge(&["/img/beach*", POSTER], &[POSTER, BEACH]).await;
    check_purge(&["#acme/beach", MAIN], &[MAIN, BEACH]).await;
}

#[tokio::test]
async fn an_invalidation_is_in_progress_until_it_takes_effect() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, MAIN, "Miss", "response 1").await;
    let output = fixture.create_invalidation("EACME", "first", &["#acme/sunset"]).await.unwrap();
    let invalidation = output.invalidation().unwrap();
    let id = invalidation.id().to_owned();

    assert_eq!(invalidation.status(), "InProgress");
    assert_eq!(invalidation.create_time().to_string(), "2026-11-22T10:00:00Z");
    let location = format!("{}/2020-05-31/distribution/EACME/invalidation/{id}", fixture.emulator.endpoint_url());
    assert_eq!(output.location(), Some(location.as_str()));

    fixture.advance(PROPAGATION_DELAY_SECS - 1);
    assert_eq!(fixture.read(&id).await.status, "InProgress");
    fixture.check(ACME, MAIN, "Hit", "response 1").await;

    fixture.advance(1);
    assert_eq!(fixture.read(&id).await.status, "Completed");
    fixture.check(ACME, MAIN, "Miss", "response 2").await;
    fixture.check(ACME, MAIN, "Hit", "response 2").await;
}

#[tokio::test]
async fn an_invalidation_has_the_items_and_reference_of_its_batch() {
    let fixture = Fixture::start().await;
    let items = ["/a?x=1&y=<2>", "/b*", "#acme"];
    let id = fixture.create("first & only", &items).await.id;
    let batch = fixture.read(&id).await.invalidation_batch.unwrap();

    assert_eq!(batch.caller_reference(), "first & only");
    let paths = batch.paths().unwrap();
    assert_eq!((paths.quantity(), paths.items()), (3, items.map(str::to_owned).as_slice()));
}

#[tokio::test]
async fn the_same_reference_with_the_same_items_returns_the_existing_invalidation() {
    let fixture = Fixture::start().await;
    let first = fixture.create("first", &["/a", "#b"]).await;
    fixture.advance(PROPAGATION_DELAY_SECS);
    let again = fixture.create("first", &["/a", "#b"]).await;

    assert_eq!((again.id(), again.status()), (first.id(), "Completed"));
    assert_eq!(list(&fixture, 100).await, [vec![again.id.clone()]]);
    assert_eq!(fixture.rejection("first", &["/a", "#c"]).await, "InvalidationBatchAlreadyExists");

    // Caller references are scoped to a distribution.
    let other = fixture.create_invalidation("EGLOBEX", "first", &["/c"]).await.unwrap().invalidation.unwrap();
    assert_ne!(other.id(), first.id());
}

/// The ids of all invalidations of acme, page by page.
async fn list(fixture: &Fixture, max_items: i32) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut marker = None;
    loop {
        let call = fixture.cloudfront.list_invalidations().distribution_id("EACME").max_items(max_items);
        let list = call.set_marker(marker).send().await.unwrap().invalidation_list.unwrap();
        assert_eq!(usize::try_from(list.quantity()).unwrap(), list.items().len());
        assert_eq!((list.is_truncated(), list.max_items()), (list.next_marker().is_some(), max_items));
        pages.push(list.items().iter().map(|summary| summary.id().to_owned()).collect());
        marker = list.next_marker;
        if marker.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn invalidations_are_listed_in_pages_from_the_newest() {
    let fixture = Fixture::start().await;
    assert_eq!(list(&fixture, 2).await, [Vec::<String>::new()]);

    let mut ids = Vec::new();
    for number in 0..5 {
        ids.insert(0, fixture.create(&number.to_string(), &["/a"]).await.id);
    }
    assert_eq!(list(&fixture, 2).await, [&ids[0..2], &ids[2..4], &ids[4..]]);
    assert_eq!(list(&fixture, 5).await, [ids]);
}
