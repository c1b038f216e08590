use std::fmt;
use std::time::Duration;

use crate::split_mix::draw;

/// The edge locations of each distribution. A viewer names one in the request header `x-edge-location`.
pub const EDGE_LOCATIONS: usize = 2;

/// 95th percentile of the time until an invalidation takes effect, i.e. until its last cache has it (AWS, "What's new",
/// April 2026: "invalidations take effect in under 5 seconds at P95").
const EFFECT_P95: Duration = Duration::from_secs(5);

/// 95th percentile of the time until an invalidation is `Completed` (same source).
const COMPLETED_P95: Duration = Duration::from_secs(25);

/// Delays of each invalidation: until it takes effect in each cache, and until it is `Completed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// An invalidation takes effect in all caches and is `Completed` after this time.
    Fixed(Duration),
    /// The delays are drawn with CloudFront's published 95th percentiles: 5 seconds until an invalidation has taken
    /// effect, 25 seconds until `Completed`, which is never before that. AWS does not document the distributions. Both
    /// are exponential here; the effect in one cache is the last one, and those in the others are at any time before,
    /// in any order.
    Drawn {
        /// The same seed gives the same delays, in the order in which invalidations are accepted.
        seed: u64,
        /// The divisor of all delays: 1 for CloudFront's own, 10 for a tenth of them.
        scaled_down_by: u32,
    },
}

impl Propagation {
    /// The delays of CloudFront.
    #[must_use]
    pub fn of_cloudfront(seed: u64) -> Self {
        Self::Drawn { seed, scaled_down_by: 1 }
    }

    /// The delays of the invalidation with this number, counted from 0 over all distributions.
    pub(crate) fn delays(self, number: u64) -> Delays {
        let (seed, scaled_down_by) = match self {
            Self::Fixed(delay) => return Delays { regional: delay, edges: [delay; EDGE_LOCATIONS], completed: delay },
            Self::Drawn { seed, scaled_down_by } => (seed, scaled_down_by.max(1)),
        };
        // A seed of its own for each invalidation.
        let seed = draw(seed, number);
        let [last, completed, slowest, one, other] = std::array::from_fn(|index| draw(seed, index as u64));
        let last_effect = exponential(EFFECT_P95, last) / scaled_down_by;
        let earlier = [one, other].map(|drawn| last_effect.mul_f64(uniform(drawn)));
        let mut effects = [earlier[0], earlier[1], last_effect];
        // One of the three, which a usize counts.
        let slowest = usize::try_from(slowest % 3).unwrap_or_default();
        effects.swap(slowest, 2);
        let [regional, edges @ ..] = effects;
        let completed = exponential(COMPLETED_P95, completed) / scaled_down_by;
        Delays { regional, edges, completed: completed.max(last_effect) }
    }
}

impl fmt::Display for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(delay) => write!(f, "invalidations take {delay:?}"),
            Self::Drawn { seed, scaled_down_by } => {
                let scaled = |p95: Duration| p95 / (*scaled_down_by).max(1);
                write!(
                    f,
                    "invalidations {scaled_down_by} times as fast as CloudFront's (95 % take effect within {:?} and are \
                     Completed within {:?}; seed {seed})",
                    scaled(EFFECT_P95),
                    scaled(COMPLETED_P95)
                )
            }
        }
    }
}

/// The delays of one invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delays {
    /// Until the effect in the regional cache.
    pub(crate) regional: Duration,
    /// Until the effect in each edge location.
    pub(crate) edges: [Duration; EDGE_LOCATIONS],
    /// Until `Completed`: not before the last effect.
    pub(crate) completed: Duration,
}

/// Draws from the exponential distribution with the 95th percentile `p95`: at most 12 times `p95`. In whole
/// milliseconds, so that machines whose logarithms differ in the last bit agree.
fn exponential(p95: Duration, drawn: u64) -> Duration {
    let secs = p95.as_secs_f64() * -(1.0 - uniform(drawn)).ln() / 20_f64.ln();
    Duration::from_secs_f64((secs * 1_000.0).round() / 1_000.0)
}

/// A number of [0, 1).
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn uniform(drawn: u64) -> f64 {
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Delays {
        fn last_effect(self) -> Duration {
            self.edges.into_iter().fold(self.regional, Duration::max)
        }
    }

    /// The share of 10,000 invalidations, in percent, whose delay is at most `limit_ms`.
    fn percent(propagation: Propagation, limit_ms: u64, delay: fn(Delays) -> Duration) -> f64 {
        let limit = Duration::from_millis(limit_ms);
        let within = (0..10_000).filter(|&number| delay(propagation.delays(number)) <= limit).count();
        f64::from(u32::try_from(within).unwrap()) / 100.0
    }

    #[test]
    fn ninety_five_percent_take_effect_within_5_seconds_and_are_completed_within_25() {
        for (scaled_down_by, effect_ms, completed_ms) in [(1, 5_000, 25_000), (10, 500, 2_500)] {
            for seed in 0..3 {
                let drawn = Propagation::Drawn { seed, scaled_down_by };
                for (name, seen) in [
                    ("effect", percent(drawn, effect_ms, Delays::last_effect)),
                    ("completed", percent(drawn, completed_ms, |delays| delays.completed)),
                ] {
                    assert!((94.0..96.0).contains(&seen), "seed {seed}, {name}: {seen} %");
                }
            }
        }
    }

    #[test]
    fn an_invalidation_is_never_completed_before_its_last_effect() {
        for number in 0..10_000 {
            let delays = Propagation::of_cloudfront(1).delays(number);
            assert!(delays.last_effect() <= delays.completed, "number {number}");
        }
    }

    #[test]
    fn each_cache_is_the_last_one_and_the_first_one_as_often_as_the_others() {
        let mut ranks = [[0; 3]; 3];
        for number in 0..9_000 {
            let Delays { regional, edges, .. } = Propagation::of_cloudfront(1).delays(number);
            let effects = [regional, edges[0], edges[1]];
            for (cache, effect) in effects.into_iter().enumerate() {
                let earlier = effects.into_iter().filter(|other| *other < effect).count();
                ranks[cache][earlier] += 1;
            }
        }
        assert!(ranks.into_iter().flatten().all(|count| (2_800..3_200).contains(&count)), "{ranks:?}");
    }

    #[test]
    fn the_same_seed_draws_the_same_delays_and_another_seed_draws_others() {
        let delays = |seed| Propagation::of_cloudfront(seed).delays(7);
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
        assert_ne!(delays(1).edges[0], delays(1).edges[1], "each cache has a delay of its own");
    }

    #[test]
    fn the_text_says_by_how_much_the_delays_are_scaled_down() {
        let expected = "invalidations 10 times as fast as CloudFront's (95 % take effect within 500ms and are Completed \
                        within 2.5s; seed 1)";
        assert_eq!(Propagation::Drawn { seed: 1, scaled_down_by: 10 }.to_string(), expected);
    }
}
