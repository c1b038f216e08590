//! An existing installation: another stack's table, buckets, distribution and HTTP API, and the pipeline against them.
//!
//! Its image service is another one: it publishes images to a bucket that its distribution serves, without cache tags.
//! An edit in its table must purge its distribution and its bucket of variants.

use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::TenantId;
use reqwest::StatusCode;
use serde_json::json;
use toml::Table;

use local_cloud::cause::Cause;
use local_cloud::cdk::{App, Cdk, Deployment};
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};
use local_cloud::observer::{Observer, described};
use local_cloud::outputs::Outputs;
use local_cloud::report::{Report, StepError};
use local_cloud::test_image::{Colour, Encoding, photograph};
use local_cloud::viewer::Cache;
use local_cloud::{LocalCloud, PLATFORM_AUDIENCE, Tenant, viewer_domain};

/// Its only tenant.
const TENANT: &str = "shop";
/// The environment that is deployed against it.
const ENVIRONMENT: &str = "legacy";
/// The pack that is edited, and its location.
const PACK: &str = "p1";
const LOCATION: &str = "main";
/// The time limit of a purge, should its wake-up fail: two purge runs, a minute apart, and a cold start.
const PURGED_WITHIN: Duration = Duration::from_secs(200);

struct Legacy {
    outputs: Outputs,
}

/// Deploys the other stack, then the pipeline against it, and edits an image.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    report: &Report,
) -> Result<(), StepError> {
    let cdk = cloud.parts.cdk(checkout, run_dir);
    let note = |line: &str| report.progress.note(line);
    let name = "another stack creates a table, buckets, a distribution and an HTTP API";
    let legacy = &report.step(name, Legacy::deploy(&cdk, cloud.parts.issuer.url(), note)).await?;
    let name = "the pipeline is deployed against the existing resources";
    let deployed = async {
        // The owner of the existing API maps its domain, and its authorizer knows issuer and audience.
        let absent = ["admin_api.domain", "admin_api.issuer", "admin_api.audience"].map(|key| (key, None));
        let overrides = [("tenants", Some(legacy.tenants()?.into()))].into_iter().chain(absent).collect();
        cloud.deploy_beside(&cdk, ENVIRONMENT, overrides, legacy.existing()?, note).await
    };
    let shop = &report.step(name, deployed).await?;
    let name = "an edit in the existing table purges the existing bucket and distribution";
    report.check(name, legacy.edit(shop, report)).await?;
    report.check("the existing HTTP API edits and purges, for its tenant only", legacy.call(shop)).await
}

impl Legacy {
    async fn deploy(cdk: &Cdk<'_>, issuer: &str, note: impl Fn(&str)) -> Result<(Self, String), Cause> {
        let app = std::env::current_exe()?.with_file_name("existing-installation");
        let deployment = Deployment {
            name: "what-was-there",
            stacks: "legacy",
            stack_prefix: "",
            app: App::Other(
                &app,
                &[("viewer-domain", &viewer_domain()), ("issuer", issuer), ("audience", PLATFORM_AUDIENCE)],
            ),
        };
        let outputs = cdk.deploy(deployment, note).await?;
        Ok((Self { outputs }, "1 stack, whose table calls its attributes customer, record, images, cover".to_owned()))
    }

    fn get(&self, output: &str) -> Result<&str, Cause> {
        self.outputs.get("legacy", output)
    }

    /// The tenants of an environment: one, with the existing distribution.
    fn tenants(&self) -> Result<Table, Cause> {
        let id = self.get("DistributionId")?;
        Ok(format!("{TENANT}.distribution = {{ id = {id:?}, cache_tags = false }}").parse()?)
    }

    /// The section `[existing]` of the environment.
    fn existing(&self) -> Result<Table, Cause> {
        let section = format!(
            r#"
            originals_bucket = "{}"
            variants_bucket = "{}"
            [image_packs]
            table_arn = "{}"
            stream_arn = "{}"
            [image_packs.attributes]
            tenant = "customer"
            entity = "record"
            image_locations = "images"
            main_image_location = "cover"
            generation = "forced"
            [http_api]
            id = "{}"
            stage = "{}"
            authorizer = {{ type = "jwt", id = "{}" }}
            "#,
            self.get("OriginalsBucket")?,
            self.get("VariantsBucket")?,
            self.get("ImagePackTableArn")?,
            self.get("ImagePackStreamArn")?,
            self.get("HttpApiId")?,
            self.get("HttpApiStage")?,
            self.get("HttpApiAuthorizer")?,
        );
        Ok(section.parse()?)
    }

    /// Publishes an image of the pack, as the installation's image service does.
    async fn publish(&self, shop: &LocalCloud, colour: Colour) -> Result<(), Cause> {
        let put = shop.parts.clients.s3.put_object().bucket(self.get("PublishedBucket")?);
        let put = put.key(format!("api/v2/img/{PACK}")).content_type("image/jpeg").cache_control("s-maxage=86400");
        let image = photograph(colour, (320, 180), Encoding::Jpeg, 1)?;
        put.body(image.into()).send().await?;
        Ok(())
    }

    /// Writes the pack as the installation's software does: with its attribute names, and attributes of its own.
    async fn write_pack(&self, shop: &LocalCloud, version: &str) -> Result<(), Cause> {
        let pack = json!({
            "customer": TENANT,
            "record": format!("pack#{PACK}"),
            "images": {LOCATION: {"original": {"key": format!("{PACK}.jpg"), "version": version}}},
            "cover": LOCATION,
            "entity": "an attribute of the installation",
        });
        let put = shop.parts.clients.dynamodb.put_item().table_name(self.get("ImagePackTable")?);
        let put = put.set_item(Some(serde_dynamo::to_item(pack)?)).send().await;
        Ok(put.map(drop)?)
    }

    /// Step: a pack is published, fetched, and edited.
    async fn edit(&self, shop: &LocalCloud, report: &Report) -> Result<String, Cause> {
        let (tenant, observer) = (shop.tenant(TENANT)?, shop.observer()?);
        self.write_pack(shop, "v1").await?;
        report
            .progress
            .note("waiting for the purges of the first image, which would end the cache entries of this step");
        observer.queued(&tenant.id, &format!("pack#{PACK}")).await?;
        wait_for("the end of the first image's purges", PURGED_WITHIN, async || {
            let queue = observer.queue().await?;
            Ok(if queue.is_empty() { Ok(()) } else { Err(described(&queue)) })
        })
        .await?;
        self.publish(shop, Colour::Red).await?;
        let variant = format!("{TENANT}/{PACK}/{LOCATION}/default");
        let put = shop.parts.clients.s3.put_object().bucket(self.get("VariantsBucket")?).key(&variant);
        put.body(b"a variant".to_vec().into()).send().await?;
        for cache in [Cache::Miss, Cache::Hit] {
            expect_seen("shop/p1", &tenant.viewer.fetch(PACK, LOCATION).await?, cache, Colour::Red)?;
        }

        let edited_at = Instant::now();
        self.publish(shop, Colour::Blue).await?;
        self.write_pack(shop, "v2").await?;
        expect_seen("shop/p1", &tenant.viewer.fetch(PACK, LOCATION).await?, Cache::Hit, Colour::Red)?;
        let fresh = wait_for("a fresh shop/p1", PURGED_WITHIN, async || {
            report.progress.note(&format!("waiting for the purge, {} s after the edit", edited_at.elapsed().as_secs()));
            let seen = tenant.viewer.fetch(PACK, LOCATION).await?;
            Ok(if seen.image.colour == Colour::Blue { Ok(seen) } else { Err(seen.to_string()) })
        })
        .await?;
        expect_seen("shop/p1", &fresh, Cache::Miss, Colour::Blue)?;
        let after_ms = edited_at.elapsed().as_millis();
        self.check_purged(shop, &tenant, &observer).await?;
        let settle = Self::check_deleted_first(shop, &observer).await?;
        Ok(format!(
            "shop/p1: {fresh}, {after_ms} ms after the edit, by the path /api/v2/img/p1*; the variant was deleted first; \
             the final purge began after the settle delay of {} s",
            settle.as_secs()
        ))
    }

    /// Waits for the final purge. Checks that the variants of the edit were deleted before an invalidation, because the
    /// other program may serve a stale one, and that the final purge waited for that program. Returns the settle delay.
    async fn check_deleted_first(shop: &LocalCloud, observer: &Observer) -> Result<Duration, Cause> {
        wait_for("an empty queue", PURGED_WITHIN, async || {
            let queue = observer.queue().await?;
            Ok(if queue.is_empty() { Ok(()) } else { Err(described(&queue)) })
        })
        .await?;
        let settle = shop.settle_delay()?;
        let mut ledger = observer.ledger().await?;
        ledger.sort_by_key(|row| row.started_at);
        let last = ledger.last().ok_or("the ledger is empty")?;
        expect_eq("whether the last purge is the final one", &last.is_final, &true)?;
        let has_settled = last.created_at >= Some(last.enqueued_at.plus(settle));
        expect_eq("whether the final purge waited for the settle delay", &has_settled, &true)?;
        let rows = ledger.iter().filter(|row| row.version == last.version);
        let deleted: u64 = rows.clone().map(|row| row.variants_deleted).sum();
        let afterwards = rows.filter(|row| row.variants_deleted_at.is_some()).count();
        expect_eq(
            "the variants deleted, and the purges that deleted some afterwards",
            &(deleted, afterwards),
            &(1, 0),
        )?;
        Ok(settle)
    }

    /// Checks that the bucket of variants is empty and that only the pack's path was invalidated.
    async fn check_purged(&self, shop: &LocalCloud, tenant: &Tenant, observer: &Observer) -> Result<(), Cause> {
        let list = shop.parts.clients.s3.list_objects_v2().bucket(self.get("VariantsBucket")?);
        let left = list.send().await?;
        expect_eq("the variants that are left", &left.contents().len(), &0)?;
        expect_eq("the distribution", &tenant.distribution.distribution_id.as_str(), &self.get("DistributionId")?)?;
        let invalidations = observer.invalidations(&tenant.distribution).await?;
        let others = invalidations.iter().flat_map(|one| &one.items).find(|item| *item != "/api/v2/img/p1*");
        expect_eq("an item besides the pack's path", &others, &None)
            .and_then(|()| expect_eq("whether anything was invalidated", &invalidations.is_empty(), &false))?;
        Ok(())
    }

    /// Step: an editor and an admin, through the existing API.
    async fn call(&self, shop: &LocalCloud) -> Result<String, Cause> {
        let editor = shop.management_api(TENANT)?;
        let read = editor.get_pack(PACK).await?.succeeded()?;
        expect_eq("the pack's main location", &read.body["mainImageLocation"], &json!(LOCATION))?;
        editor.patch_pack(PACK, &json!({"mainImageLocation": null, "title": "A title"})).await?.succeeded()?;
        let key = |value: &str| AttributeValue::S(value.to_owned());
        let get = shop.parts.clients.dynamodb.get_item().table_name(self.get("ImagePackTable")?).consistent_read(true);
        let get = get.key("customer", key(TENANT)).key("record", key(&format!("pack#{PACK}"))).send().await;
        let item = get?.item.unwrap_or_default();
        let present = ["images", "cover", "title", "entity"].map(|name| item.contains_key(name));
        expect_eq("the presence of images, cover, title, entity", &present, &[true, false, true, true])?;

        let admin = shop.admin_api()?;
        let token = |tenant| shop.token(&[tenant], Duration::from_mins(10));
        let foreign = admin.delete(TENANT, PACK, Some(&token("acme")?)).await?;
        expect_eq("the response to DELETE with acme's token", &foreign.status, &StatusCode::FORBIDDEN)?;
        let purged = admin.delete(TENANT, PACK, Some(&token(TENANT)?)).await?.succeeded()?;
        expect_eq("the response to DELETE", &purged.status, &StatusCode::ACCEPTED)?;
        expect_eq("what was purged", &purged.body["invalidation"]["items"], &json!(["/api/v2/img/p1*"]))?;
        let tenant = TenantId::parse(TENANT)?;
        Ok(format!("an editor of {tenant} wrote by the table's own names; {purged}"))
    }
}
