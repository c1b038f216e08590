//! `imagecache purge`: purges on demand, through the queue.

mod consent;
mod progress;
mod targets;

use std::collections::BTreeSet;
use std::io::IsTerminal;

use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::purge_run_function::PurgeRunFunction;
use aws_adapters::{AwsPorts, CallError, SystemClock, clients, now};
use contract::OptionalName;
use domain::change::detection::Reason;
use domain::image::variant_key::VariantScope;
use domain::purge::invalidation_item::InvalidationItem;
use domain::purge::purge_preview::{PRICE_PER_ITEM_USD_MILLIS, PURGES_PER_DELETE};
use domain::queue::enqueue::Enqueue;
use domain::queue::purge_cause::PurgeCause;
use domain::{Distribution, ImagePackId, LocationName, Target, TenantId, Timestamp};
use futures_util::{StreamExt, TryStreamExt, stream};
use purging::ports::{ListFrom, PackItem, Packs, Ports, Queue, QueueError, Tenants, Variants};
use purging::wake_up::wake;
use serde::Serialize;
use uuid::Uuid;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::{Row, columns, print_error, table};
use crate::question::ask;
use crate::session::Session;
use consent::{Consent, consent, is_consent};

/// Calls that are made at a time.
const CONCURRENT_CALLS: usize = 16;

/// Purges image packs, image locations or everything of a tenant, and waits until CloudFront has completed it.
///
/// The command enqueues the purges, wakes a purge run and waits for the final purges; Ctrl-C ends the waiting only. A purge
/// has at most two items: an early purge at once, and the final one when no old image can reach an edge any more. It
/// deletes the stored variants first, which takes minutes for a million, and every image is rendered again.
///
/// A purge that spans packs (--location, --whole-tenant) is only previewed, unless you type the tenant's name when you are
/// asked, or give --yes. With `-` as the pack, stdin has a target in each line: a pack's id, `location#<name>` or `tenant`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub(crate) struct Args {
    /// Tenant.
    #[arg(value_parser = arguments::tenant)]
    tenant: TenantId,
    /// Image packs, or `-` to read targets from stdin.
    #[arg(value_name = "PACK")]
    packs: Vec<String>,
    /// Image location, over all packs of the tenant; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = arguments::location)]
    location: Vec<LocationName>,
    /// Every image of the tenant: all of them are rendered again.
    #[arg(long)]
    whole_tenant: bool,
    /// Prints what would be purged, and at what price, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Purges what spans packs without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Ends when the purges are in the queue.
    #[arg(long)]
    no_wait: bool,
}

/// A purge that the command would enqueue.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Planned {
    tenant: TenantId,
    target: Target,
    /// The invalidation item of its early purge and of its final purge.
    item: String,
    /// The price of both after the free items of the month, in US dollars.
    price: String,
}

impl Planned {
    fn of(tenant: &TenantId, target: &Target, distribution: &Distribution) -> Self {
        let millis = PRICE_PER_ITEM_USD_MILLIS * PURGES_PER_DELETE;
        Self {
            tenant: tenant.clone(),
            target: target.clone(),
            item: InvalidationItem::covering(tenant, target, distribution.cache_tags).to_string(),
            price: format!("{}.{:03}", millis / 1_000, millis % 1_000),
        }
    }
}

impl Row for Planned {
    const COLUMNS: &'static [&'static str] = &["target", "item", "us$ at most"];

    fn cells(&self) -> Vec<String> {
        vec![self.target.to_string(), self.item.clone(), self.price.clone()]
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let Args { tenant, packs, location, whole_tenant, dry_run, yes, no_wait } = args;
    let targets = targets::targets(&packs, location, whole_tenant, std::io::stdin().lock())?;
    let ports = session.purger().await?.executor.ports;
    let Some(distribution) = ports.tenants().tenant(&tenant).await? else {
        return Err(format!("{tenant} is not registered, so it has no distribution to purge: deploy its stack").into());
    };
    let (targets, unknown) = known(session, &ports, &tenant, targets).await?;
    for pack in &unknown {
        print_error(format_args!("warning: {tenant} has no image pack {pack}; it is not purged"));
    }
    if targets.is_empty() {
        return Ok(Exit::Remains);
    }
    let planned: Vec<_> = targets.iter().map(|target| Planned::of(&tenant, target, &distribution)).collect();
    let spans_packs = targets.iter().any(Target::spans_packs);
    match consent(spans_packs && !yes, dry_run, std::io::stdin().is_terminal()) {
        Consent::Given => {}
        Consent::Withheld => {
            session.output.print_rows(&planned)?;
            if dry_run {
                return Ok(if unknown.is_empty() { Exit::Done } else { Exit::Remains });
            }
            print_error(format_args!(
                "Nothing is purged: this spans packs. To purge it, repeat the command with --yes."
            ));
            return Ok(Exit::Remains);
        }
        Consent::Asked => {
            if !is_confirmed(&tenant, &planned)? {
                print_error(format_args!("Nothing is purged: the answer is not {tenant}."));
                return Ok(Exit::Remains);
            }
        }
    }
    let enqueued_at = enqueue(session, &ports, &tenant, &targets).await?;
    wake_purge_run(session, &ports, &tenant).await;
    print_error(format_args!("Queued for {tenant}: {}.", targets.len()));
    let is_completed = no_wait || progress::wait(session, &ports, &tenant, targets, enqueued_at).await?;
    Ok(if is_completed && unknown.is_empty() { Exit::Done } else { Exit::Remains })
}

/// Sets the packs apart that are neither in the table nor have variants: a misspelt id must not look purged.
async fn known(
    session: &Session,
    ports: &AwsPorts,
    tenant: &TenantId,
    targets: BTreeSet<Target>,
) -> Result<(BTreeSet<Target>, Vec<ImagePackId>), CallError> {
    let names = &session.installation;
    let packs = ImagePackTable::new(
        clients::dynamodb(&session.sdk),
        names.image_pack_table.clone(),
        names.image_pack_attributes.clone(),
    );
    let exists = async |target: &Target| {
        let Target::Pack(pack) = target else { return Ok(true) };
        let scope = VariantScope::of(tenant, target);
        let is_stored = Packs::find(&packs, tenant, pack).await? != PackItem::Absent;
        Ok::<_, CallError>(
            is_stored || !ports.variants().list(&scope.prefix, ListFrom::Start).await?.objects.is_empty(),
        )
    };
    let (mut known, mut unknown) = (BTreeSet::new(), Vec::new());
    let mut found = stream::iter(targets.into_iter().map(async |target| (exists(&target).await, target)))
        .buffered(CONCURRENT_CALLS);
    while let Some((exists, target)) = found.next().await {
        match target {
            Target::Pack(pack) if !exists? => unknown.push(pack),
            target => {
                known.insert(target);
            }
        }
    }
    Ok((known, unknown))
}

/// Shows the purges and asks for the tenant's name.
fn is_confirmed(tenant: &TenantId, planned: &[Planned]) -> std::io::Result<bool> {
    let planned = table(planned, columns());
    let question = format_args!("{planned}\nThis purges images of many packs. Type {tenant} to purge them: ");
    Ok(is_consent(tenant, &ask(question)?))
}

/// Writes a row of the queue for each target, and returns the time.
async fn enqueue(
    session: &Session,
    ports: &AwsPorts,
    tenant: &TenantId,
    targets: &BTreeSet<Target>,
) -> Result<Timestamp, Failure> {
    let now = now();
    let requester = requester(&session.sdk).await;
    let version = format!("operator@imagecache-{}", Uuid::new_v4());
    let upsert = |target: &Target| Enqueue {
        tenant: tenant.clone(),
        target: target.clone(),
        version: version.clone(),
        last_event_at: now,
        cause: PurgeCause {
            first_event_at: now,
            changes: 1,
            reasons: [Reason::Manual].into(),
            requested_by: [requester.clone()].into(),
        },
        is_purged_at_once: false,
        sequences: Vec::new(),
    };
    let writes = targets.iter().map(async |target| match ports.queue().upsert(&upsert(target)).await {
        // A row that cannot be read back is in the queue.
        Ok(_) | Err(QueueError::Row { .. }) => Ok(()),
        Err(QueueError::Call(error)) => Err(error),
    });
    let mut writes = stream::iter(writes).buffer_unordered(CONCURRENT_CALLS);
    while writes.try_next().await?.is_some() {}
    Ok(now)
}

/// Wakes a purge run. Without one, the schedule starts the next.
async fn wake_purge_run(session: &Session, ports: &AwsPorts, tenant: &TenantId) {
    let function = OptionalName(Some(session.installation.image_invalidation_arn.clone()));
    let purge_runs = PurgeRunFunction::new(&session.sdk, function);
    wake(ports.wakeups(), purge_runs.as_ref(), &[tenant.clone()].into(), &SystemClock).await;
}

/// The characters of an identity that are kept. A request of the outbox is one item of a table, of limited size.
const IDENTITY_CHARS_MAX: usize = 64;

/// The operator, as the queue and the ledger name the requester.
async fn requester(sdk: &aws_config::SdkConfig) -> String {
    let identity = aws_sdk_sts::Client::new(sdk).get_caller_identity().send().await;
    let arn = identity.ok().and_then(|identity| identity.arn);
    let user = || std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    named(&arn.unwrap_or_else(user))
}

fn named(identity: &str) -> String {
    // After the account: for example assumed-role/Operators/anna.
    let name = identity.splitn(6, ':').nth(5).unwrap_or(identity);
    format!("operator:{}", name.chars().take(IDENTITY_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requester_is_the_callers_role_and_session() {
        for (identity, expected) in [
            ("arn:aws:sts::123456789012:assumed-role/Operators/anna", "operator:assumed-role/Operators/anna"),
            ("arn:aws:iam::123456789012:user/anna", "operator:user/anna"),
            ("anna", "operator:anna"),
        ] {
            assert_eq!(named(identity), expected);
        }
        assert_eq!(named(&"a".repeat(100)).len(), "operator:".len() + 64);
    }

    #[test]
    fn a_preview_names_the_item_and_the_price_of_both_purges() {
        let tenant = TenantId::parse("acme").unwrap();
        let planned = |target: &str, cache_tags| {
            let distribution =
                Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id: None, cache_tags };
            Planned::of(&tenant, &Target::parse(target).unwrap(), &distribution).cells()
        };
        assert_eq!(planned("pack#cat", true), ["pack#cat", "#acme/cat", "0.010"]);
        assert_eq!(planned("tenant", false), ["tenant", "/api/v2/img/*", "0.010"]);
    }
}
