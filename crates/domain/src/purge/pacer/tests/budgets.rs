//! No schedule of requests exceeds a quota of CloudFront, as an independent model of it counts.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestRng, TestRunner};

use super::*;

/// The time in which CloudFront's buckets are full again. A pacer that resumes knows what the outbox has: the property
/// holds if the outbox has the requests of this time.
const REFILL: Duration = Duration::from_secs(12);

/// CloudFront's count of its quotas. It shares no code with the pacer: the tokens are numbers, in thousandths of an item
/// and in milliseconds of a call.
struct CloudFront {
    quotas: Quotas,
    calls: u64,
    items: u64,
    wildcards: u64,
    at: Timestamp,
}

impl CloudFront {
    fn new(quotas: Quotas) -> Self {
        let mut it = Self { quotas, calls: 0, items: 0, wildcards: 0, at: Timestamp::from_millis(0) };
        it.refill(NOW);
        it
    }

    fn refill(&mut self, now: Timestamp) {
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap();
        self.at = now;
        self.calls = (self.calls + millis).min(2_000 * u64::from(self.quotas.calls.burst));
        self.items = (self.items + 150 * millis).min(150_000);
        self.wildcards = (self.wildcards + millis).min(1_000);
    }

    /// Accepts a request beside the requests in progress in its distribution, or returns the quota that it exceeds.
    fn accept(&mut self, now: Timestamp, counts: ItemCounts, in_progress: &[ItemCounts]) -> Result<(), &'static str> {
        self.refill(now);
        self.calls = self.calls.checked_sub(2_000).ok_or("calls")?;
        if self.quotas.per_second.is_some() {
            self.items = self.items.checked_sub(1_000 * counts.exact as u64).ok_or("items a second")?;
            self.wildcards = self.wildcards.checked_sub(1_000 * counts.wildcards as u64).ok_or("wildcards a second")?;
        }
        if self.quotas.in_progress.is_some() {
            let all = || in_progress.iter().chain([&counts]);
            if all().map(|counts| counts.exact).sum::<usize>() > 3_000 {
                return Err("items in progress");
            }
            if all().map(|counts| counts.wildcards).sum::<usize>() > 15 {
                return Err("wildcards in progress");
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Time passes, in milliseconds.
    Pass(u64),
    /// A purge run asks for requests for a distribution until one has to wait: of cache tags, or of wildcards.
    Ask { distribution: usize, items: usize, cache_tags: bool },
    /// CloudFront completes one of the requests.
    Complete(prop::sample::Index),
    /// CloudFront throttles a request for a reason of its own.
    Throttle,
    /// Another purge run continues, from the outbox.
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_000_u64).prop_map(Step::Pass),
        8 => (0..3_usize, 1..600_usize, any::<bool>())
            .prop_map(|(distribution, items, cache_tags)| Step::Ask { distribution, items, cache_tags }),
        4 => any::<prop::sample::Index>().prop_map(Step::Complete),
        1 => Just(Step::Throttle),
        1 => Just(Step::Resume),
    ]
}

fn scheme() -> impl Strategy<Value = (bool, bool)> {
    prop_oneof![Just((true, true)), Just((true, false)), Just((false, true))]
}

/// A request that was sent.
struct Sent {
    request: PurgeRequest,
    is_completed: bool,
}

fn outbox(sent: &[Sent], is_in_it: impl Fn(&Sent) -> bool) -> Vec<PurgeRequest> {
    sent.iter().filter(|sent| is_in_it(sent)).map(|sent| sent.request.clone()).collect()
}

/// Plays `steps` with CloudFront's `quotas`. Each of `pacers` pacers keeps to `kept`, for its own distributions.
fn play(quotas: Quotas, kept: Quotas, pacers: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut cloudfront = CloudFront::new(quotas);
    let mut pacers = vec![Pacer::resume(kept, NOW, &[]); pacers];
    let mut sent: Vec<Sent> = Vec::new();
    let mut now = NOW;
    for step in steps {
        match step {
            Step::Pass(millis) => now = now.plus(Duration::from_millis(millis)),
            Step::Ask { distribution, items, cache_tags } => {
                let index = distribution % pacers.len();
                let pacer = &mut pacers[index];
                let distribution = format!("E{distribution}");
                let items = items.min(pacer.request_max(cache_tags));
                let counts = if cache_tags { tags(items) } else { wildcards(items) };
                pacer.track(&outbox(&sent, |sent| !sent.is_completed));
                while pacer.admit(now, &own(&distribution), counts, false).is_ok() {
                    let of_it = outbox(&sent, |sent| {
                        !sent.is_completed && sent.request.distribution.distribution_id == distribution
                    });
                    let in_progress: Vec<_> = of_it.iter().map(ItemCounts::of).collect();
                    let accepted = cloudfront.accept(now, counts, &in_progress);
                    prop_assert_eq!(accepted, Ok(()), "{:?} at {:?}", counts, now);
                    pacer.note_accepted();
                    sent.push(Sent { request: request(&distribution, counts, now), is_completed: false });
                }
            }
            Step::Complete(which) if !sent.is_empty() => which.get_mut(&mut sent).is_completed = true,
            Step::Complete(_) => {}
            Step::Throttle => pacers.iter_mut().for_each(|pacer| pacer.note_throttled(now)),
            Step::Resume => {
                let is_known = |sent: &Sent| !sent.is_completed || now < sent.request.created_at.plus(REFILL);
                pacers.fill(Pacer::resume(kept, now, &outbox(&sent, is_known)));
            }
        }
    }
    Ok(())
}

/// Expects that a pacer with a bug exceeds `quota` within some hundred schedules.
fn check_is_found(quotas: Quotas, kept: Quotas, pacers: usize, quota: &str) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let found =
        TestRunner::new_with_rng(config, rng).run(&vec(step(), 1..120), |steps| play(quotas, kept, pacers, steps));
    let found = found.expect_err("no schedule exceeds a quota").to_string();
    assert!(found.contains(&format!("Err(\"{quota}\")")), "{found}");
    println!("{found}");
}

#[test]
fn a_group_of_sixteen_wildcards_is_found() {
    let quotas = quotas(false, true);
    let sixteen = InProgress { wildcards: 16 + WILDCARDS_FREE, ..IN_PROGRESS };
    check_is_found(quotas, Quotas { in_progress: Some(sixteen), ..quotas }, 1, "wildcards in progress");
}

#[test]
fn a_pacer_that_the_distributions_do_not_share_is_found() {
    check_is_found(quotas(true, true), quotas(true, true), 3, "wildcards a second");
}

proptest! {
    #[test]
    fn no_schedule_of_requests_exceeds_a_quota((per_second, in_progress) in scheme(), steps in vec(step(), 1..120)) {
        let quotas = quotas(per_second, in_progress);
        play(quotas, quotas, 1, steps)?;
    }

    #[test]
    fn a_request_that_waits_is_admitted_at_the_time_that_the_pacer_says(
        (per_second, in_progress) in scheme(),
        asks in vec((1..600_usize, any::<bool>()), 1..30),
    ) {
        let mut pacer = Pacer::resume(quotas(per_second, in_progress), NOW, &[]);
        let mut now = NOW;
        for (items, cache_tags) in asks {
            pacer.track(&[]);
            let items = items.min(pacer.request_max(cache_tags));
            let counts = if cache_tags { tags(items) } else { wildcards(items) };
            let Err(wait) = pacer.admit(now, &own("E1"), counts, false) else { continue };
            now = wait.until.unwrap();
            // Several budgets may be used up; each is waited for once.
            let admitted = (0..3).any(|_| match pacer.admit(now, &own("E1"), counts, false) {
                Ok(()) => true,
                Err(wait) => {
                    now = wait.until.unwrap();
                    false
                }
            });
            prop_assert!(admitted, "{:?} waits longer than the pacer said", counts);
        }
    }
}
