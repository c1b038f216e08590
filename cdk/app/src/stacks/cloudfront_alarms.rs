//! The stack of the alarm on the errors of CloudFront, which publishes its metrics in one region only.

use aws_cdk_lib::aws_cloudwatch::MathExpression;
use aws_cdk_lib::{Duration, Fn, Result, Stack};

use crate::alarms::{Alarm, Alarms, MOST, TOPIC_ARN, Threshold};
use crate::config::{AlarmTopic, CLOUDFRONT_REGION};

/// The highest rate of 5xx, in percent of a minute's requests, that any distribution of the account has: one time series,
/// however many distributions there are. A query analyses at most 10,000 metrics ("CloudWatch Metrics Insights quotas").
const HIGHEST_ERROR_RATE: &str = "SELECT MAX(\"5xxErrorRate\") FROM SCHEMA(\"AWS/CloudFront\", DistributionId, Region)";

/// The rate of 5xx that raises the alarm, in percent.
const PERCENT: u32 = 5;

/// Declares the alarm, which notifies `topic`, and returns a reference to the topic's ARN for stacks of other regions.
pub(crate) fn declare(stack: &Stack, topic: AlarmTopic) -> Result<String> {
    let rate = MathExpression::builder(HIGHEST_ERROR_RATE).label("5xxErrorRate").period(Duration::minutes(1));
    Alarms::new(stack, topic)?.raise(&Alarm {
        id: "CloudFrontErrorsAlarm",
        description: "Viewers get 5xx from CloudFront: an origin fails, or CloudFront does not reach it. The dashboard's \
                      graph of CloudFront names the distribution",
        metric: (&rate.build()?).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(PERCENT),
    })?;
    Fn::get_stack_output_with_region(stack.stack_name(), TOPIC_ARN, CLOUDFRONT_REGION)
}
