//! A tenant's life: added, used, removed, and added again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use domain::Target;
use local_cloud::cause::Cause;
use local_cloud::cdk::Cdk;
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};
use local_cloud::observer::Item;
use local_cloud::report::{Report, StepError, millis};
use local_cloud::root_call::elements;
use local_cloud::test_image::{Colour, Encoding, photograph};
use local_cloud::viewer::Cache;
use local_cloud::{LocalCloud, Tenant};
use recovery::Installation;
use reqwest::StatusCode;

use crate::imagecache::run;
use crate::logs;
use crate::verification::installation;

const PACK: &str = "cat";
const LOCATION: &str = "main";

/// The validity of the admin's token.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The time limit of a purge, if its wake-up fails.
const PURGED_WITHIN: Duration = Duration::from_secs(200);
/// The time in which the emulator reads the deployed distributions again, and more.
const UNDEPLOYED_WITHIN: Duration = Duration::from_mins(1);
/// The time limit for the next purge run of the schedule.
const PURGE_RUN_WITHIN: Duration = Duration::from_secs(100);

/// A tenant and the stack that has its distribution.
#[derive(Debug, Clone, Copy)]
struct Added {
    tenant: &'static str,
    stack: &'static str,
    /// The command that removes the distribution, which a rejection names.
    removed_by: &'static str,
}

/// A tenant with a stack of its own.
const ALONE: Added = Added {
    tenant: "initech",
    stack: "tenant-initech",
    removed_by: "cdk destroy --context environment=dev dev/tenant-initech",
};

/// A tenant of the shard of `acme`, in multi-tenant mode.
const IN_SHARD: Added =
    Added { tenant: "oscorp", stack: "tenants-15", removed_by: "cdk deploy --context environment=dev 'dev/tenants-*'" };

struct Life<'a> {
    cloud: &'a LocalCloud,
    added: Added,
    cdk: Cdk<'a>,
    report: &'a Report,
    installation: Installation,
}

/// Plays the life of a tenant.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    report: &Report,
) -> Result<(), StepError> {
    let life = async {
        let cdk = cloud.parts.cdk(checkout, run_dir);
        let added = if cloud.is_multi_tenant() { IN_SHARD } else { ALONE };
        Ok((Life { cloud, added, cdk, report, installation: installation(cloud).await? }, String::new()))
    };
    let life = &report.step("the resources of the environment are read", life).await?;
    let name = "a further tenant is added, and no other stack changes";
    let tenant = &report.step(name, life.add()).await?;
    report.check("its image is served, edited and purged", life.use_it(tenant)).await?;
    report.check("imagecache rejects it while it is registered", life.rejected()).await?;
    let deleted_at_ms =
        report.step("its distribution is deleted, while changes of it wait", life.destroy(tenant)).await?;
    let name = "imagecache forgets it, and keeps its packs and originals without consent";
    report.check(name, life.forget()).await?;
    let name = "with consent, nothing of it is left, and purge runs succeed";
    report.check(name, life.forget_with_originals(deleted_at_ms)).await?;
    let name = "it is added again, and nothing of the old one is served";
    let tenant = report.step(name, life.add()).await?;
    report.check("its new image is served", life.begin_again(&tenant)).await?;
    report.check("it is removed again", life.remove_again()).await
}

impl Life<'_> {
    /// Deploys the tenant's stack.
    async fn add(&self) -> Result<(Tenant, String), Cause> {
        let Added { tenant, stack, .. } = self.added;
        let name = format!("{}{stack}", self.cloud.stack_prefix());
        let mut before = self.stacks().await?;
        let note = |line: &str| self.report.progress.note(line);
        let deployed = self.cloud.deploy_tenant(&self.cdk, tenant, stack, note).await?;
        let mut after = self.stacks().await?;
        let (of_before, of_after) = (before.remove(&name), after.remove(&name));
        expect_eq("whether the stack was deployed", &(of_after.is_some() && of_after != of_before), &true)?;
        expect_eq("the other stacks, with the times of their last changes", &after, &before)?;
        Ok((deployed.tenant(tenant)?, format!("{name}; {} other stacks are as they were", after.len())))
    }

    /// Each stack with the time of its last change.
    async fn stacks(&self) -> Result<BTreeMap<String, String>, Cause> {
        let described = self.cloud.parts.root.query("cloudformation", "DescribeStacks", &[]).await?;
        let text = |name| elements(&described, name).into_iter().map(ToOwned::to_owned);
        let (names, times): (Vec<_>, Vec<_>) = (text("StackName").collect(), text("LastUpdatedTime").collect());
        expect_eq("the number of times", &times.len(), &names.len())?;
        Ok(names.into_iter().zip(times).collect())
    }

    async fn use_it(&self, tenant: &Tenant) -> Result<String, Cause> {
        let editor = self.cloud.management_api(self.added.tenant)?;
        let image = |colour| photograph(colour, (320, 180), Encoding::Jpeg, 1);
        editor.create_image(PACK, LOCATION, image(Colour::Red)?, Encoding::Jpeg.content_type()).await?;
        let first = tenant.viewer.fetch(PACK, LOCATION).await?;
        expect_seen(&self.image(), &first, Cache::Miss, Colour::Red)?;
        let second = tenant.viewer.fetch(PACK, LOCATION).await?;
        expect_seen(&self.image(), &second, Cache::Hit, Colour::Red)?;
        let content_type = Encoding::Jpeg.content_type();
        editor.upload_original(PACK, LOCATION, image(Colour::Blue)?, content_type).await?.succeeded()?;
        let fresh = wait_for("the new image", PURGED_WITHIN, async || {
            let seen = tenant.viewer.fetch(PACK, LOCATION).await?;
            Ok(if seen.image.colour == Colour::Blue { Ok(seen) } else { Err(seen.to_string()) })
        })
        .await?;
        // An admin's purge leaves an allowance.
        let token = self.cloud.token(&[self.added.tenant], TOKEN_VALID_FOR)?;
        self.cloud.admin_api()?.delete(self.added.tenant, PACK, Some(&token)).await?.succeeded()?;
        Ok(format!("{first}; {second}; {fresh}"))
    }

    async fn rejected(&self) -> Result<String, Cause> {
        let ended = run(self.cloud, &["forget-tenant", "--tenant", self.added.tenant, "--delete-originals"]).await?;
        let texts = ["is still registered", self.added.removed_by];
        let ended = ended.expect(false, &texts)?;
        expect_eq("whether its packs are left", &self.left().await?.iter().any(|one| one.contains("pack#cat")), &true)?;
        Ok(ended.text)
    }

    /// Deletes the stack. An edit after it becomes a row that no purge run can purge, and an upload is never confirmed.
    /// Returns the time before it, in milliseconds since 1970.
    async fn destroy(&self, tenant: &Tenant) -> Result<(u64, String), Cause> {
        let began_ms = millis(SystemTime::UNIX_EPOCH.elapsed()?);
        self.cloud.remove_tenant(&self.cdk, self.added.stack, |line| self.report.progress.note(line)).await?;
        let editor = self.cloud.management_api(self.added.tenant)?;
        let image = photograph(Colour::Amber, (320, 180), Encoding::Jpeg, 1)?;
        editor.upload_original(PACK, LOCATION, image, Encoding::Jpeg.content_type()).await?.succeeded()?;
        self.cloud.observer()?.queued(&tenant.id, &Target::Pack(domain::ImagePackId::parse(PACK)?).to_string()).await?;
        let s3 = &self.cloud.parts.clients.s3;
        let upload = s3.put_object().bucket(&self.installation.originals_bucket);
        let upload = upload.key(format!(".uploads/{}/{PACK}/{LOCATION}/1", self.added.tenant)).body(vec![1].into());
        upload.send().await.map_err(aws_sdk_s3::Error::from)?;
        let url = tenant.viewer.url(PACK, Some(LOCATION));
        let seen = wait_for("its host to be unknown", UNDEPLOYED_WITHIN, async || {
            let response = tenant.viewer.get(&url).await?;
            Ok(if response.status.is_success() { Err(response.status.to_string()) } else { Ok(response.status) })
        })
        .await?;
        Ok((began_ms, format!("viewers get {seen}; left: {}", self.left().await?.join(", "))))
    }

    async fn forget(&self) -> Result<String, Cause> {
        let ended = run(self.cloud, &["forget-tenant", "--tenant", self.added.tenant]).await?;
        let text = ended.expect(true, &["Kept the packs", "--delete-originals"])?.text;
        let left = self.left().await?;
        let is_kept = |one: &String| {
            one.starts_with("image-pack table: ") || one.starts_with(&format!("originals: {}/", self.added.tenant))
        };
        expect_eq("what is left besides packs and originals", &left.iter().find(|one| !is_kept(one)), &None)?;
        expect_eq("whether packs are left", &left.iter().any(|one| one.ends_with("pack#cat")), &true)?;
        expect_eq("whether originals are left", &left.iter().any(|one| one.starts_with("originals: ")), &true)?;
        Ok(text)
    }

    async fn forget_with_originals(&self, deleted_at_ms: u64) -> Result<String, Cause> {
        let purge_runs = logs::purge_runs(self.cloud).await?.len();
        let ended = run(self.cloud, &["forget-tenant", "--tenant", self.added.tenant, "--delete-originals"]).await?;
        let first = ended.expect(true, &["Deleted "])?.text;
        expect_eq("what is left", &self.left().await?, &vec![])?;
        let again = run(self.cloud, &["forget-tenant", "--tenant", self.added.tenant, "--delete-originals"]).await?;
        again.expect(true, &["Deleted 0 packs", "0 originals"])?;
        wait_for("the next purge run", PURGE_RUN_WITHIN, async || {
            let count = logs::purge_runs(self.cloud).await?.len();
            Ok(if count > purge_runs { Ok(()) } else { Err(format!("{count} purge runs")) })
        })
        .await?;
        expect_eq("what is left after a purge run", &self.left().await?, &vec![])?;
        let lines = logs::lines(self.cloud, "").await?.into_iter().filter(|line| line.at_ms >= deleted_at_ms);
        let errors: Vec<_> =
            lines.map(|line| line.message).filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
        expect_eq("the errors in the logs since its distribution was deleted", &errors, &vec![])?;
        expect_eq("the dead letters", &self.cloud.observer()?.dead_letters().await?, &0)?;
        Ok(first)
    }

    /// Requests the old image of the new tenant, and uploads another.
    async fn begin_again(&self, tenant: &Tenant) -> Result<String, Cause> {
        let old = tenant.viewer.get(&tenant.viewer.url(PACK, Some(LOCATION))).await?;
        expect_eq("the response for the old image", &old.status, &StatusCode::NOT_FOUND)?;
        let editor = self.cloud.management_api(self.added.tenant)?;
        let image = photograph(Colour::Green, (320, 180), Encoding::Jpeg, 1)?;
        editor.create_image(PACK, LOCATION, image, Encoding::Jpeg.content_type()).await?;
        let new = wait_for("the new image", PURGED_WITHIN, async || {
            let response = tenant.viewer.get(&tenant.viewer.url(PACK, Some(LOCATION))).await?;
            Ok(if response.status.is_success() { Ok(()) } else { Err(response.status.to_string()) })
        });
        new.await?;
        let seen = tenant.viewer.fetch(PACK, LOCATION).await?;
        expect_seen(&self.image(), &seen, Cache::Hit, Colour::Green)?;
        Ok(format!("the old image: {}; the new one: {seen}", old.status))
    }

    async fn remove_again(&self) -> Result<String, Cause> {
        self.cloud.remove_tenant(&self.cdk, self.added.stack, |line| self.report.progress.note(line)).await?;
        let ended = run(self.cloud, &["forget-tenant", "--tenant", self.added.tenant, "--delete-originals"]).await?;
        let text = ended.expect(true, &["Deleted "])?.text;
        expect_eq("what is left", &self.left().await?, &vec![])?;
        Ok(text)
    }

    fn image(&self) -> String {
        format!("{}/{PACK}", self.added.tenant)
    }

    /// Everything of the tenant in tables and buckets, except the ledger.
    async fn left(&self) -> Result<Vec<String>, Cause> {
        let Installation { image_pack_table, invalidation_queue_table, render_lock_table, .. } = &self.installation;
        let tables =
            [("image-pack table", image_pack_table), ("queue", invalidation_queue_table), ("locks", render_lock_table)];
        let clients = &self.cloud.parts.clients;
        let mut left = Vec::new();
        for (name, table) in tables {
            let scan = clients.dynamodb.scan().table_name(table).consistent_read(true);
            let items: Vec<Item> =
                scan.into_paginator().items().send().try_collect().await.map_err(aws_sdk_dynamodb::Error::from)?;
            // Wherever an item names the tenant: in its key, as the tenant of a request, or in the set of a wake-up.
            let of_tenant = items.into_iter().filter(|item| format!("{item:?}").contains(self.added.tenant));
            let key = |item: &Item, name: &str| item.get(name).and_then(|key| key.as_s().ok()).cloned();
            left.extend(of_tenant.map(|item| {
                let second = ["entity", "target", "variant"].into_iter().find_map(|name| key(&item, name));
                format!("{name}: {} {}", key(&item, "tenant").unwrap_or_default(), second.unwrap_or_default())
            }));
        }
        let buckets =
            [("originals", &self.installation.originals_bucket), ("variants", &self.installation.variants_bucket)];
        for (name, bucket) in buckets {
            let list = clients.s3.list_object_versions().bucket(bucket).send().await;
            let listed = list.map_err(aws_sdk_s3::Error::from)?;
            let versions = listed.versions().iter().filter_map(|version| version.key());
            let keys = versions.chain(listed.delete_markers().iter().filter_map(|marker| marker.key()));
            left.extend(keys.filter(|key| key.contains(self.added.tenant)).map(|key| format!("{name}: {key}")));
        }
        Ok(left)
    }
}
