//! The backup of the originals: the only data that cannot be made again.

use aws_cdk_lib::aws_backup::{BackupPlan, BackupPlanRule, BackupResource, BackupSelection, BackupVault};
use aws_cdk_lib::aws_events::{CronOptions, Schedule};
use aws_cdk_lib::aws_iam::{ManagedPolicy, Role, ServicePrincipal};
use aws_cdk_lib::aws_s3::Bucket;
use aws_cdk_lib::{Duration, RemovalPolicy, Result, Stack};

use crate::nag::acknowledge;

/// Backs up `originals` each night, and keeps each backup for `kept_days` in a vault that outlives the stack.
pub(super) fn declare(stack: &Stack, originals: &Bucket, kept_days: u32) -> Result<()> {
    let vault = BackupVault::builder(stack, "OriginalsVault").removal_policy(RemovalPolicy::RetainOnUpdateOrDelete);
    let rule = BackupPlanRule::builder()
        .rule_name("nightly")
        .schedule_expression(Schedule::cron(CronOptions::new().hour("3").minute("0")))
        .delete_after(Duration::days(kept_days));
    let plan = BackupPlan::builder(stack, "OriginalsBackup")
        .backup_vault(vault.build())
        .backup_plan_rules([rule.build()])
        .build()?;
    // An ARN is backed up although the account may not have opted in to backups of S3.
    let bucket = BackupResource::from_arn(originals.bucket_arn());
    BackupSelection::builder(stack, "OriginalsSelection", &plan, [bucket])
        .role(role(stack))
        .disable_default_backup_policy(true)
        .build()?;
    Ok(())
}

/// The role that backs up and restores, by the policies that AWS Backup maintains for buckets.
fn role(stack: &Stack) -> Result<Role> {
    let policies = ["AWSBackupServiceRolePolicyForS3Backup", "AWSBackupServiceRolePolicyForS3Restore"];
    let role = Role::builder(stack, "OriginalsBackupRole", ServicePrincipal::new("backup.amazonaws.com"))
        .description("Backs up and restores the originals")
        .managed_policies(policies.map(ManagedPolicy::from_aws_managed_policy_name))
        .build()?;
    let reason = "AWS Backup documents these policies for buckets, and extends them when it needs a further action";
    acknowledge(&role, [("AwsSolutions-IAM4", reason)])?;
    Ok(role)
}
