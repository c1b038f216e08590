use std::fmt;
use std::time::Duration;

use crate::split_mix::draw;

/// The edge locations of each distribution. A viewer names one in the request header `x-edge-location`.
pub const EDGE_LOCATIONS: usize = 2;

/// 95th percentile of the time until an invalidation takes effect (AWS, "What's new", April 2026).
const EFFECT_P95: Duration = Duration::from_secs(5);

/// 95th percentile of the time until an invalidation is `Completed` (same source).
const COMPLETED_P95: Duration = Duration::from_secs(25);

/// Delays of each invalidation: until it takes effect in each cache, and until it is `Completed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// An invalidation takes effect in all caches and is `Completed` after this time.
    Fixed(Duration),
    /// Each delay is drawn from an exponential distribution with CloudFront's published 95th percentiles: 5 seconds
    /// until the effect in each cache, 25 seconds until `Completed`, which is never before the last effect. AWS does
    /// not document the distribution.
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
        // A seed of its own for each invalidation; its draws are the caches, then the completion.
        let seed = draw(seed, number);
        let mut draws = (0..).map(|index| draw(seed, index));
        let mut delay = |p95| exponential(p95, draws.next().unwrap_or_default()) / scaled_down_by;
        let (regional, edges) = (delay(EFFECT_P95), [(); EDGE_LOCATIONS].map(|()| delay(EFFECT_P95)));
        let last_effect = edges.into_iter().fold(regional, Duration::max);
        Delays { regional, edges, completed: delay(COMPLETED_P95).max(last_effect) }
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
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let uniform = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
    let secs = p95.as_secs_f64() * -(1.0 - uniform).ln() / 20_f64.ln();
    Duration::from_secs_f64((secs * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    ("regional", percent(drawn, effect_ms, |delays| delays.regional)),
                    ("edge 0", percent(drawn, effect_ms, |delays| delays.edges[0])),
                    ("edge 1", percent(drawn, effect_ms, |delays| delays.edges[1])),
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
            let Delays { regional, edges, completed } = Propagation::of_cloudfront(1).delays(number);
            assert!(edges.into_iter().chain([regional]).all(|effect| effect <= completed), "number {number}");
        }
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
