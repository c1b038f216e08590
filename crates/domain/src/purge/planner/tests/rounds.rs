//! Properties of the rounds of a purge run over random queues, with CloudFront's completions at random times.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::purge::deletion::DeletionDone;
use crate::queue::queue_entry::FinalPurge;

/// A write of an editor or an admin.
#[derive(Debug, Clone)]
struct Write {
    tenant: &'static str,
    target: String,
    is_manual: bool,
}

fn write() -> impl Strategy<Value = Write> {
    let tenant = prop::sample::select(vec!["acme", "globex", "initech", "umbrella"]);
    let target = prop_oneof![
        20 => (0..60_u8).prop_map(|pack| format!("pack#p{pack}")),
        2 => (0..3_u8).prop_map(|location| format!("location#l{location}")),
        1 => Just("tenant".to_owned()),
    ];
    (tenant, target, prop::bool::weighted(0.05)).prop_map(|(tenant, target, is_manual)| Write {
        tenant,
        target,
        is_manual,
    })
}

#[derive(Debug, Clone)]
struct Round {
    writes: Vec<Write>,
    /// The time until the round, in milliseconds.
    after_millis: u64,
    /// Whether CloudFront completes the oldest half of the requests before it.
    completes: bool,
}

fn round() -> impl Strategy<Value = Round> {
    (vec(write(), 0..30), 100..4_000_u64, any::<bool>()).prop_map(|(writes, after_millis, completes)| Round {
        writes,
        after_millis,
        completes,
    })
}

fn quotas() -> impl Strategy<Value = Quotas> {
    let items_per_request = prop::sample::select(vec![1, 2, 50, 500]);
    (0..3_u8, items_per_request).prop_map(|(scheme, items_per_request)| Quotas {
        per_second: QUOTAS.per_second.filter(|_| scheme != 1),
        in_progress: QUOTAS.in_progress.filter(|_| scheme != 2),
        items_per_request,
        ..QUOTAS
    })
}

fn is_served(entry: &QueueEntry, batch: &Batch) -> bool {
    batch.entries.iter().any(|planned| planned.entry == *entry)
}

/// Every row is in exactly one request, or waits with one reason.
fn check_covers_every_row(situation: &Situation, plan: &Plan<'_>) -> Result<(), TestCaseError> {
    for entry in &situation.entries {
        let served = plan.batches.iter().filter(|batch| is_served(entry, batch)).count();
        let waiting = plan.waiting.iter().filter(|waiting| waiting.entry == entry).count();
        prop_assert_eq!(served + waiting, 1, "{:?}", entry);
    }
    let planned: usize = plan.batches.iter().map(|batch| batch.entries.len()).sum();
    prop_assert_eq!(planned + plan.waiting.len(), situation.entries.len());
    Ok(())
}

/// Each request stays within its tenant and covers the rows that it serves.
fn check_stays_within_its_tenant(batch: &Batch) -> Result<(), TestCaseError> {
    let tenants = tenants();
    prop_assert_eq!(Some(&batch.distribution), tenants.get(&batch.tenant));
    let covering = |target: &Target| InvalidationItem::covering(&batch.tenant, target, batch.distribution.cache_tags);
    let whole_tenant = covering(&Target::Tenant);
    for planned in &batch.entries {
        prop_assert_eq!(&planned.entry.tenant, &batch.tenant);
        let item = covering(&planned.entry.target);
        prop_assert!(batch.items.contains(&item) || batch.items == [whole_tenant.clone()], "{:?}", batch);
    }
    for item in &batch.items {
        let is_needed = batch.entries.iter().any(|planned| covering(&planned.entry.target) == *item);
        prop_assert!(is_needed || *item == whole_tenant, "{:?} in {:?}", item, batch);
        let text = item.to_string();
        let is_own = if batch.distribution.cache_tags {
            text == format!("#{}", batch.tenant) || text.starts_with(&format!("#{}/", batch.tenant))
        } else {
            text.starts_with("/api/v2/img/")
        };
        prop_assert!(is_own, "{}", text);
    }
    prop_assert!(batch.items.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", batch.items);
    Ok(())
}

/// A request joins only an invalidation of its tenant that was created after the changes of its rows had settled.
fn check_joins_an_invalidation_that_covers_it(situation: &Situation, batch: &Batch) -> Result<(), TestCaseError> {
    let Some(joined) = &batch.joins else { return Ok(()) };
    let creates_it = |request: &&PurgeRequest| {
        request.joined_reference.is_none() && request.sent_reference() == joined.sent_reference
    };
    let Some(created) = situation.in_flight.iter().find(creates_it) else {
        return Err(TestCaseError::fail(format!("{joined:?} is not in flight")));
    };
    let whole_tenant = InvalidationItem::covering(&batch.tenant, &Target::Tenant, batch.distribution.cache_tags);
    prop_assert_eq!(&created.items, &[whole_tenant.to_string()]);
    prop_assert_eq!((&created.for_tenant, &created.distribution), (&batch.tenant, &batch.distribution));
    for PlannedEntry { entry, is_final, .. } in &batch.entries {
        let settled_at = entry.last_event_at.plus(situation.rules.delays.settle);
        prop_assert!(*is_final && !entry.cause.is_manual() && settled_at <= created.created_at, "{:?}", entry);
    }
    Ok(())
}

/// A purge run in rounds: applies what the plans ask for, as the executor and the tracking do.
struct Run {
    situation: Situation,
    pacer: Pacer,
    purged: BTreeMap<PurgeId, usize>,
    version: usize,
}

impl Run {
    fn new(quotas: Quotas) -> Self {
        let situation = Situation::of(Vec::new());
        Self { situation, pacer: Pacer::resume(quotas, NOW, &[]), purged: BTreeMap::new(), version: 0 }
    }

    fn write(&mut self, Write { tenant, target, is_manual }: Write) {
        let now = self.situation.now;
        self.version += 1;
        let mut row = QueueEntry { last_event_at: now, ..entry(tenant, &target, 0) };
        row.version = format!("{}@d", self.version);
        if is_manual {
            row = purged_early(manual(row));
        }
        let entries = &mut self.situation.entries;
        match entries.iter_mut().find(|old| old.tenant == row.tenant && old.target == row.target) {
            Some(old) => {
                row.cause.reasons.extend(&old.cause.reasons);
                row.final_purge.clone_from(&old.final_purge);
                *old = row;
            }
            None => entries.push(row),
        }
    }

    /// CloudFront completes the oldest `count` requests.
    fn complete(&mut self, count: usize) {
        let Situation { entries, in_flight, .. } = &mut self.situation;
        for request in in_flight.drain(..count.min(in_flight.len())) {
            for sent in request.entries {
                let is_it = |row: &&mut QueueEntry| {
                    row.tenant == request.for_tenant && row.target == sent.target && row.version == sent.version
                };
                let Some(row) = entries.iter_mut().find(is_it) else { continue };
                if sent.is_final {
                    row.final_purge = Some(FinalPurge { version: sent.version, ledger_key: "key".to_owned() });
                } else {
                    row.early_purge_version = Some(sent.version);
                }
            }
        }
    }

    /// One round. Returns the number of items sent.
    fn round(&mut self) -> Result<usize, TestCaseError> {
        let now = self.situation.now;
        let Self { situation, pacer, purged, .. } = self;
        let (requests, deletions) = situation.plan_with(pacer, |plan| {
            check_covers_every_row(situation, &plan)?;
            plan.batches.iter().try_for_each(check_stays_within_its_tenant)?;
            plan.batches.iter().try_for_each(|batch| check_joins_an_invalidation_that_covers_it(situation, batch))?;
            let requests: Vec<_> = plan.batches.iter().map(|batch| PurgeRequest::of(batch, now)).collect();
            for planned in plan.batches.iter().flat_map(|batch| &batch.entries) {
                *purged.entry(PurgeId::of(&planned.entry, planned.is_final)).or_default() += 1;
            }
            prop_assert!(purged.values().all(|count| *count == 1), "a purge is billed twice: {:?}", purged);
            prop_assert!(plan.batches.iter().all(|batch| batch.items.len() < 16 || batch.distribution.cache_tags));
            Ok((requests, plan.deletions))
        })?;
        let items = requests.iter().map(ItemCounts::of).map(|counts| counts.exact + counts.wildcards).sum();
        situation.in_flight.extend(requests.into_iter().map(|request| PurgeRequest {
            invalidation_id: Some("I".to_owned()),
            accepted_at: Some(now),
            ..request
        }));
        for deletion in deletions {
            let id = |is_final| PurgeId::of(&deletion.entry, is_final);
            match deletion.purpose {
                DeletionPurpose::Purge { is_final } => {
                    let done = DeletionDone { began_at: now, finished_at: now, variants_deleted: 1 };
                    situation.deleted.insert(id(is_final), done);
                }
                DeletionPurpose::AfterPurge { .. } | DeletionPurpose::Expired => {
                    situation.entries.retain(|entry| id(true) != PurgeId::of(entry, true));
                }
            }
        }
        Ok(items)
    }

    fn pass(&mut self, millis: u64) {
        self.situation.now = self.situation.now.plus(Duration::from_millis(millis));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_row_is_served_once_or_waits_with_a_reason_and_all_are_purged_in_the_end(
        quotas in quotas(),
        rounds in vec(round(), 1..20),
    ) {
        let mut run = Run::new(quotas);
        for Round { writes, after_millis, completes } in rounds {
            for write in writes {
                run.write(write);
            }
            run.pass(after_millis);
            if completes {
                run.complete(run.situation.in_flight.len().div_ceil(2));
            }
            run.round()?;
        }
        let is_left = |run: &Run| run.situation.entries.iter().any(|entry| entry.tenant.as_str() != "umbrella");
        for _ in 0..1_000 {
            if !is_left(&run) {
                break;
            }
            run.pass(1_000);
            run.complete(run.situation.in_flight.len());
            run.round()?;
        }
        prop_assert!(!is_left(&run), "rows are left: {:?}", run.situation.entries);
    }

    /// The flooding tenant has the first name, so that no order by name helps the other one.
    #[test]
    fn no_tenant_waits_for_the_bulk_of_another_for_longer_than_one_request(
        quotas in quotas(),
        bulk in 200..400_usize,
        is_manual in any::<bool>(),
        pauses in vec((50..3_000_u64, any::<bool>()), 20..60),
    ) {
        let mut run = Run::new(quotas);
        run.situation.entries = packs("acme", bulk, 60);
        if is_manual {
            run.situation.entries = run.situation.entries.drain(..).map(|row| purged_early(manual(row))).collect();
            // The first round deletes their variants.
            run.round()?;
            run.pass(SETTLE_SECS * 1_000);
        }
        let mut overtaken = 0;
        for (number, (millis, completes)) in pauses.into_iter().enumerate() {
            // The other tenant always has one row that is due.
            if !run.situation.entries.iter().any(|entry| entry.tenant.as_str() == "globex") {
                let row = QueueEntry { version: format!("{number}@d"), ..entry("globex", "pack#quiet", 60) };
                run.situation.entries.push(row);
                overtaken = 0;
            }
            let sent_before = run.situation.in_flight.len();
            run.round()?;
            for request in &run.situation.in_flight[sent_before..] {
                if request.for_tenant.as_str() == "globex" {
                    overtaken = 0;
                    run.situation.entries.retain(|entry| entry.tenant.as_str() != "globex");
                    break;
                }
                overtaken += 1;
                prop_assert!(overtaken <= 1, "{} requests of the bulk overtook the other tenant", overtaken);
            }
            if completes {
                run.complete(run.situation.in_flight.len());
            }
            run.pass(millis);
        }
    }
}
