//! Whose turn it is to make a variant that several requests want.

use std::iter::successors;
use std::time::Duration;

use aws_adapters::variants_bucket::Variant;
use domain::Timestamp;
use purging::ports::Clock;

use crate::Handler;
use crate::ports::{ClaimOf, Claims, Ports, Variants};
use crate::recipe::Recipe;
use crate::refusal::Refusal;
use crate::request::ImageRequest;

/// The first pause of a request that waits for another's variant; each next one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// What a request for a variant that is not stored does next.
#[derive(Debug)]
pub(crate) enum Turn<C> {
    /// Answers with what another request stored meanwhile.
    Stored(Variant),
    /// Makes it; without a claim if nobody can be asked or waited for any longer.
    Mine(Option<C>),
    /// Begins again with this: the picture changed while the request waited.
    Outdated(Box<Recipe>),
}

impl<P: Ports> Handler<P> {
    /// Claims the variant, or waits for whoever has claimed it: until the variant is stored, the claim is given back or
    /// expires, or `patience_ends`. A claim table that does not answer is passed over: a picture matters more than a
    /// saving.
    pub(crate) async fn turn(
        &self,
        asked: &ImageRequest,
        recipe: &Recipe,
        patience_ends: Timestamp,
    ) -> Result<Turn<ClaimOf<P>>, Refusal> {
        let (key, revision) = (recipe.wanted.key(), recipe.revision());
        let mut has_waited = false;
        for pause in successors(Some(PAUSE_MIN), |pause| Some((*pause * 2).min(PAUSE_MAX))) {
            let now = self.ports.clock().now();
            let claim = match self.ports.claims().take(&recipe.wanted.tenant, &key, &revision, now).await {
                Ok(claim) => claim,
                Err(failure) => {
                    tracing::warn!(%failure, key, "making a variant without a claim");
                    break;
                }
            };
            // Behind the claim: what was stored before it was given back is seen.
            let stored = self.ports.variants().read(&key).await?;
            if let Some(variant) = stored.filter(|stored| stored.revision.as_ref() == Some(&revision)) {
                self.release(claim).await;
                return Ok(Turn::Stored(variant));
            }
            if claim.is_some() {
                return if has_waited { self.resume(asked, recipe, claim).await } else { Ok(Turn::Mine(claim)) };
            }
            if self.ports.clock().now() >= patience_ends {
                tracing::warn!(key, "making a variant that somebody else makes too slowly");
                break;
            }
            self.ports.clock().sleep(pause).await;
            has_waited = true;
        }
        Ok(Turn::Mine(None))
    }

    /// After a wait that brought no variant: the one who was waited for may have seen that the picture changed.
    async fn resume(
        &self,
        asked: &ImageRequest,
        recipe: &Recipe,
        claim: Option<ClaimOf<P>>,
    ) -> Result<Turn<ClaimOf<P>>, Refusal> {
        let now = self.recipe_now(asked, recipe).await;
        if now.as_ref().is_ok_and(|now| now.is_same_as(recipe)) {
            return Ok(Turn::Mine(claim));
        }
        self.release(claim).await;
        Ok(Turn::Outdated(Box::new(now?)))
    }
}
