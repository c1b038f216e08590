use super::*;

const DELAY: Duration = Duration::from_secs(1);
const SMALL: Quotas = Quotas { items_in_progress: 3, wildcards_in_progress: 1 };

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).unwrap()
}

type Created = Result<Arc<Invalidation>, BatchError>;

fn create(register: &mut Invalidations, secs: i64, reference: &str, items: &[&str]) -> Created {
    let items = items.iter().map(|&item| item.to_owned()).collect();
    register.create(at(secs), Batch { caller_reference: reference.to_owned(), items }, DELAY, SMALL)
}

#[test]
fn an_invalidation_is_in_progress_for_the_propagation_delay() {
    let mut register = Invalidations::new("E1");
    let invalidation = create(&mut register, 10, "first", &["/a"]).unwrap();

    assert_eq!(invalidation.status(at(10)), "InProgress");
    assert_eq!(invalidation.status(at(11)), "Completed");
    assert_eq!(register.get(&invalidation.id).unwrap().batch.items, ["/a"]);
    assert!(register.get("I0000000000000").is_none());
}

#[test]
fn items_are_due_once_and_not_before_the_end_of_the_delay() {
    let mut register = Invalidations::new("E1");
    create(&mut register, 10, "first", &["/a"]).unwrap();
    create(&mut register, 12, "second", &["/b"]).unwrap();

    assert_eq!(register.take_due(at(10)), []);
    assert_eq!(register.take_due(at(12)), [Item::Path("/a".to_owned())]);
    assert_eq!(register.take_due(at(12)), []);
    assert_eq!(register.take_due(at(20)), [Item::Path("/b".to_owned())]);
}

#[test]
fn the_same_reference_with_the_same_items_returns_the_existing_invalidation() {
    let mut register = Invalidations::new("E1");
    let first = create(&mut register, 10, "first", &["/a", "/b"]).unwrap();
    let again = create(&mut register, 20, "first", &["/b", "/a"]).unwrap();

    assert_eq!(again.id, first.id);
    assert_eq!(register.page(None, 100).unwrap().invalidations.len(), 1);
    assert_eq!(create(&mut register, 20, "first", &["/a"]).unwrap_err(), BatchError::AlreadyExists("first".to_owned()));
}

#[test]
fn ids_differ_between_references_and_between_distributions() {
    let ids = [invalidation_id("E1", "first"), invalidation_id("E1", "second"), invalidation_id("E2", "first")];

    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    assert!(ids.iter().all(|id| id.len() == 14 && id.starts_with('I')), "{ids:?}");
}

#[test]
fn a_batch_without_reference_or_items_is_rejected() {
    let mut register = Invalidations::new("E1");

    assert_eq!(create(&mut register, 10, "", &["/a"]).unwrap_err(), BatchError::NoCallerReference);
    assert_eq!(create(&mut register, 10, "first", &[]).unwrap_err(), BatchError::EmptyBatch);
}

#[test]
fn one_invalid_item_rejects_the_batch_and_is_named() {
    let mut register = Invalidations::new("E1");
    let error = create(&mut register, 10, "first", &["/a", "b"]).unwrap_err();

    assert_eq!(error, BatchError::InvalidItem { item: "b".to_owned(), reason: ItemError::NoSlash });
    assert!(register.page(None, 100).unwrap().invalidations.is_empty());
}

#[test]
fn items_and_wildcards_in_progress_have_separate_quotas() {
    let mut register = Invalidations::new("E1");
    create(&mut register, 10, "first", &["/a", "#b", "/c*"]).unwrap();

    for (items, expected) in [
        (["/d", "#e"].as_slice(), BatchError::TooMany { kind: "items", in_progress: 2, sent: 2, allowed: 3 }),
        (&["/f*"], BatchError::TooMany { kind: "wildcards", in_progress: 1, sent: 1, allowed: 1 }),
        (&["/d", "/e", "/f", "/g"], BatchError::TooLarge { sent: 4, allowed: 3 }),
    ] {
        assert_eq!(create(&mut register, 10, "second", items).unwrap_err(), expected);
    }

    // The quota has room for one more item, a re-send takes none, and completion frees it.
    create(&mut register, 10, "third", &["/d"]).unwrap();
    create(&mut register, 10, "first", &["/a", "#b", "/c*"]).unwrap();
    create(&mut register, 11, "fourth", &["/d", "/e", "/f*"]).unwrap();
}

#[test]
fn pages_list_invalidations_from_the_newest_to_the_oldest() {
    let mut register = Invalidations::new("E1");
    let ids: Vec<String> = (0..5)
        .map(|number| create(&mut register, number * 10, &number.to_string(), &["/a"]).unwrap().id.clone())
        .collect();
    let mut marker = None;
    for expected in [&[4, 3][..], &[2, 1], &[0]] {
        let page = register.page(marker.as_deref(), 2).unwrap();
        let seen: Vec<_> = page.invalidations.iter().map(|invalidation| &invalidation.id).collect();
        assert_eq!(seen, expected.iter().map(|&number: &usize| &ids[number]).collect::<Vec<_>>());
        marker = page.next_marker;
    }
    assert_eq!(marker, None);
    assert!(register.page(Some("I0000000000000"), 2).is_none());
}
