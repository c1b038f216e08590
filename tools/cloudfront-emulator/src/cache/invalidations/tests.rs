use std::time::Duration;

use super::*;
use crate::propagation::Propagation;
use crate::quotas::{CallRate, Quotas};

const DELAY: Duration = Duration::from_secs(1);

/// An account in which at most 3 items and 1 wildcard are in progress in a distribution.
fn account(propagation: Propagation) -> Account {
    Account::new(Quotas::InProgress { items: 3, wildcards: 1 }, CallRate::GENEROUS, propagation)
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).unwrap()
}

type Created = Result<Arc<Invalidation>, ApiError>;

fn create(register: &mut Invalidations, secs: i64, reference: &str, items: &[&str]) -> Created {
    let items = items.iter().map(|&item| item.to_owned()).collect();
    let batch = Batch { caller_reference: reference.to_owned(), items };
    let created =
        register.create("E1", at(secs), batch, ItemCounts::default(), &mut account(Propagation::Fixed(DELAY)));
    created.map(|(invalidation, _)| invalidation)
}

#[test]
fn an_invalidation_is_in_progress_for_the_propagation_delay() {
    let mut register = Invalidations::default();
    let invalidation = create(&mut register, 10, "first", &["/a"]).unwrap();

    assert_eq!(invalidation.status(at(10)), "InProgress");
    assert_eq!(invalidation.status(at(11)), "Completed");
    assert_eq!(register.get(&invalidation.id).unwrap().batch.items, ["/a"]);
    assert!(register.get("I0000000000000").is_none());
}

#[test]
fn an_invalidation_takes_effect_once_in_each_cache_before_it_is_completed() {
    let mut register = Invalidations::default();
    let mut account = account(Propagation::of_cloudfront(7));
    let batch = Batch { caller_reference: "first".to_owned(), items: vec!["/a".to_owned()] };
    let mut create =
        |secs| register.create("E1", at(secs), batch.clone(), ItemCounts::default(), &mut account).unwrap();
    let (invalidation, effects) = create(10);
    let Effects { regional, edges } = effects.unwrap();

    let effects: BTreeSet<_> = edges.into_iter().chain([regional]).collect();
    assert_eq!(effects.len(), EDGE_LOCATIONS + 1, "each cache has a time of its own: {effects:?}");
    assert!(*effects.first().unwrap() >= at(10));
    assert_eq!(invalidation.status(*effects.first().unwrap()), "InProgress");
    assert!(invalidation.completed_at >= *effects.last().unwrap());
    assert_eq!(create(11).1, None, "a repeated batch has no further effect");
}

#[test]
fn the_same_reference_with_the_same_items_returns_the_existing_invalidation() {
    let mut register = Invalidations::default();
    let first = create(&mut register, 10, "first", &["/a", "/b"]).unwrap();
    let again = create(&mut register, 20, "first", &["/b", "/a"]).unwrap();

    assert_eq!(again.id, first.id);
    assert_eq!(register.page(None, 100).unwrap().invalidations.len(), 1);
    let other_items = create(&mut register, 20, "first", &["/a"]).unwrap_err();
    assert_eq!(other_items.code, Code::InvalidationBatchAlreadyExists);
    assert!(other_items.message.contains("'first'"), "{}", other_items.message);
}

#[test]
fn ids_differ_between_references_and_between_distributions() {
    let ids = [invalidation_id("E1", "first"), invalidation_id("E1", "second"), invalidation_id("E2", "first")];

    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    assert!(ids.iter().all(|id| id.len() == 14 && id.starts_with('I')), "{ids:?}");
}

#[test]
fn a_batch_without_reference_or_items_is_rejected() {
    for (reference, items, expected) in [
        ("", ["/a"].as_slice(), "CallerReference is empty; send a value that identifies this batch"),
        ("first", &[], "the batch has no item; send at least one path or cache tag"),
    ] {
        let error = create(&mut Invalidations::default(), 10, reference, items).unwrap_err();
        assert_eq!(error, Code::InvalidArgument.error(expected));
    }
}

#[test]
fn one_invalid_item_rejects_the_batch_and_is_named() {
    let mut register = Invalidations::default();
    let error = create(&mut register, 10, "first", &["/a", "b"]).unwrap_err();

    let expected = "the request contains an invalid invalidation item, 'b': it must begin with '/' for a path or '#' for \
                    a cache tag";
    assert_eq!(error, Code::InvalidArgument.error(expected));
    assert!(register.page(None, 100).unwrap().invalidations.is_empty());
}

#[test]
fn items_and_wildcards_in_progress_have_separate_quotas() {
    let mut register = Invalidations::default();
    create(&mut register, 10, "first", &["/a", "#b", "/c*"]).unwrap();

    for (items, code) in [
        (["/d", "#e"].as_slice(), Code::TooManyInvalidationsInProgress),
        (&["/f*"], Code::TooManyInvalidationsInProgress),
        (&["/d", "/e", "/f", "/g"], Code::BatchTooLarge),
    ] {
        assert_eq!(create(&mut register, 10, "second", items).unwrap_err().code, code, "{items:?}");
    }

    // The quota has room for one more item, a re-send takes none, and completion frees it.
    create(&mut register, 10, "third", &["/d"]).unwrap();
    create(&mut register, 10, "first", &["/a", "#b", "/c*"]).unwrap();
    create(&mut register, 11, "fourth", &["/d", "/e", "/f*"]).unwrap();
}

#[test]
fn pages_list_invalidations_from_the_newest_to_the_oldest() {
    let mut register = Invalidations::default();
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
