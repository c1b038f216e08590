//! The retention of logs.

use aws_cdk_lib::aws_logs::{LogGroup, RetentionDays};
use aws_cdk_lib::{RemovalPolicy, Result, Stack};

use crate::config::Environment;

/// Declares a log group that keeps logs as long as it is configured.
pub(crate) fn log_group(stack: &Stack, environment: &Environment, id: &str) -> Result<LogGroup> {
    let retention = retention(environment.logs.kept_days);
    LogGroup::builder(stack, id).retention(retention).removal_policy(RemovalPolicy::Destroy).build()
}

/// The CDK's name of a retention. The rules of the configuration allow no other number of days.
fn retention(days: u32) -> RetentionDays {
    match days {
        1 => RetentionDays::OneDay,
        3 => RetentionDays::ThreeDays,
        5 => RetentionDays::FiveDays,
        7 => RetentionDays::OneWeek,
        14 => RetentionDays::TwoWeeks,
        30 => RetentionDays::OneMonth,
        60 => RetentionDays::TwoMonths,
        120 => RetentionDays::FourMonths,
        150 => RetentionDays::FiveMonths,
        180 => RetentionDays::SixMonths,
        365 => RetentionDays::OneYear,
        400 => RetentionDays::ThirteenMonths,
        545 => RetentionDays::EighteenMonths,
        731 => RetentionDays::TwoYears,
        1096 => RetentionDays::ThreeYears,
        1827 => RetentionDays::FiveYears,
        2192 => RetentionDays::SixYears,
        2557 => RetentionDays::SevenYears,
        2922 => RetentionDays::EightYears,
        3288 => RetentionDays::NineYears,
        3653 => RetentionDays::TenYears,
        _ => RetentionDays::ThreeMonths,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KEPT_DAYS;

    #[test]
    fn each_allowed_number_of_days_has_a_retention_of_its_own() {
        let mut retentions: Vec<_> = KEPT_DAYS.iter().map(|days| format!("{:?}", retention(*days))).collect();
        retentions.sort();
        retentions.dedup();
        assert_eq!(retentions.len(), KEPT_DAYS.len(), "{retentions:?}");
    }
}
