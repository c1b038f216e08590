//! The backup of the originals: the only data that cannot be made again.

use aws_cdk_lib::aws_backup::{
    BackupPlan, BackupPlanProps, BackupPlanRule, BackupPlanRuleProps, BackupResource, BackupSelection,
    BackupSelectionProps, BackupVault, BackupVaultProps,
};
use aws_cdk_lib::aws_events::{CronOptions, Schedule};
use aws_cdk_lib::aws_iam::{ManagedPolicy, Role, RoleProps, ServicePrincipal};
use aws_cdk_lib::aws_s3::Bucket;
use aws_cdk_lib::{Duration, RemovalPolicy, Result, Stack};

use crate::nag::acknowledge;

/// Backs up `originals` each night, and keeps each backup for `kept_days` in a vault that outlives the stack.
pub(super) fn declare(stack: &Stack, originals: &Bucket, kept_days: u32) -> Result<()> {
    let vault = BackupVault::new_with_props(
        stack,
        "OriginalsVault",
        BackupVaultProps::new().removal_policy(RemovalPolicy::RetainOnUpdateOrDelete),
    )?;
    let nightly = Schedule::cron(CronOptions::new().hour("3").minute("0"))?;
    let rule = BackupPlanRule::new(
        BackupPlanRuleProps::new()
            .rule_name("nightly")
            .schedule_expression(&nightly)
            .delete_after(&Duration::days(kept_days)?),
    )?;
    let plan = BackupPlan::new_with_props(
        stack,
        "OriginalsBackup",
        BackupPlanProps::new().backup_vault(&vault).backup_plan_rules([&rule]),
    )?;
    // An ARN is backed up although the account may not have opted in to backups of S3.
    let bucket = BackupResource::from_arn(originals.bucket_arn()?)?;
    let props = BackupSelectionProps::new(&plan, [&bucket]).role(&role(stack)?).disable_default_backup_policy(true);
    BackupSelection::new(stack, "OriginalsSelection", props)?;
    Ok(())
}

/// The role that backs up and restores, by the policies that AWS Backup maintains for buckets.
fn role(stack: &Stack) -> Result<Role> {
    let mut policies = Vec::new();
    for name in ["AWSBackupServiceRolePolicyForS3Backup", "AWSBackupServiceRolePolicyForS3Restore"] {
        policies.push(ManagedPolicy::from_aws_managed_policy_name(name)?);
    }
    let role = Role::new(
        stack,
        "OriginalsBackupRole",
        RoleProps::new(&ServicePrincipal::new("backup.amazonaws.com")?)
            .description("Backs up and restores the originals")
            .managed_policies(policies),
    )?;
    let reason = "AWS Backup documents these policies for buckets, and extends them when it needs a further action";
    acknowledge(&role, [("AwsSolutions-IAM4", reason)])?;
    Ok(role)
}
