//! Makes a variant that is not stored: once, and from what the pack shows when it is stored.

use aws_adapters::variants_bucket::Variant;
use picture::render;
use purging::ports::Clock;

use crate::Handler;
use crate::ports::{ClaimOf, Claims, Originals, Ports, Variants};
use crate::recipe::Recipe;
use crate::refusal::Refusal;
use crate::request::ImageRequest;
use crate::turn::Turn;

/// How often a variant is made anew because what it is made from changed while it was made. An editor at work writes
/// every few seconds and a rendering takes less than one: the second try nearly always holds.
const REMAKES_MAX: usize = 3;

/// A picture to answer with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) variant: Variant,
    pub(crate) cache_tags: String,
    pub(crate) kept: Kept,
}

/// How long an edge may keep a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It stays good until it is purged.
    UntilPurged,
    /// It changes too fast to be stored and must soon be asked for again.
    Briefly,
    /// It is about to be purged. An answer that takes long reaches the edge behind the purge.
    Never,
}

impl<P: Ports> Handler<P> {
    /// Makes the variant and stores it, or takes what another instance stores meanwhile.
    ///
    /// A purge deletes what is stored; a variant that was begun before the purge and is stored after it would stay. So
    /// what it was made from is read again behind the write: a change that came before that read is seen here, and
    /// the purge of a later one finds the variant stored.
    pub(crate) async fn make(&self, asked: &ImageRequest, mut recipe: Recipe) -> Result<Served, Refusal> {
        // Half of the time is for waiting, the other half is left for making it all the same.
        let patience_ends = self.ports.clock().now().plus(self.ports.claims().duration() / 2);
        let mut remakes = 0;
        loop {
            let (key, cache_tags) = (recipe.wanted.key(), recipe.wanted.cache_tags());
            let claim = match self.turn(asked, &recipe, patience_ends).await? {
                Turn::Stored(variant) => return Ok(Served { variant, cache_tags, kept: Kept::UntilPurged }),
                Turn::Outdated(now) => {
                    recipe = *now;
                    continue;
                }
                Turn::Mine(claim) => claim,
            };
            let variant = self.store(&recipe, claim).await?;
            let now = self.recipe_now(asked, &recipe).await;
            if now.as_ref().is_ok_and(|now| now.is_same_as(&recipe)) {
                return Ok(Served { variant, cache_tags, kept: Kept::UntilPurged });
            }
            tracing::info!(key, remakes, "what the variant was made from changed meanwhile");
            self.ports.variants().remove(&key).await?;
            recipe = now?;
            if remakes == REMAKES_MAX {
                return Ok(Served { variant, cache_tags, kept: Kept::Briefly });
            }
            remakes += 1;
        }
    }

    /// Renders and stores the variant, then gives the claim back, whatever came of it.
    async fn store(&self, recipe: &Recipe, claim: Option<ClaimOf<P>>) -> Result<Variant, Refusal> {
        let stored = self.render_and_store(recipe).await;
        self.release(claim).await;
        stored
    }

    async fn render_and_store(&self, recipe: &Recipe) -> Result<Variant, Refusal> {
        let Recipe { wanted, config } = recipe;
        let original = self.ports.originals().read(&wanted.picture.original).await?;
        let original = original.ok_or_else(|| Refusal::MissingOriginal(wanted.location.clone()))?;
        // Lambda sends one request at a time to an instance, so nobody waits while this thread computes.
        let rendered = render(&original, wanted.picture.crop, *config)?;
        let (cache_tags, revision) = (wanted.cache_tags(), recipe.revision());
        let bytes = rendered.bytes.clone();
        let etag =
            self.ports.variants().store(&wanted.key(), bytes, rendered.content_type, &cache_tags, &revision).await?;
        Ok(Variant {
            bytes: rendered.bytes,
            content_type: rendered.content_type.to_owned(),
            cache_tags,
            revision: Some(revision),
            etag,
        })
    }

    /// A claim that is not given back expires; until then others wait longer than they need to.
    pub(crate) async fn release(&self, claim: Option<ClaimOf<P>>) {
        if let Some(claim) = claim
            && let Err(failure) = self.ports.claims().release(claim).await
        {
            tracing::warn!(%failure, "a claim stays until it expires");
        }
    }
}
