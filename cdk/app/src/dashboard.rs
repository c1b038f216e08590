//! The dashboard of an environment, and the functions' own metrics that it and the alarms read.

use std::time::Duration;

use aws_cdk_lib::aws_cloudwatch::{
    Dashboard, GraphWidget, GraphWidgetProps, HorizontalAnnotation, IMetric, IWidget, LogQueryWidget, MathExpression,
    Metric as CloudWatchMetric, MetricProps, SingleValueWidget,
};
use aws_cdk_lib::{Creation, Result, Stack};
use contract::limits;
use contract::metrics::{DIMENSION, Metric, NAMESPACE};

use crate::config::{CLOUDFRONT_REGION, Environment};
use crate::functions::Live;

/// The 5xx rates of the account's distributions.
const CLOUDFRONT_ERRORS: &str =
    "SEARCH('{AWS/CloudFront,DistributionId,Region} MetricName=\"5xxErrorRate\"', 'Average', 300)";

/// Minutes of a day. CloudWatch begins it at midnight, UTC.
const DAY_MINUTES: u32 = 24 * 60;

/// The metric of a function of `environment`, by `statistic` in each `minutes`.
pub(crate) fn own(
    environment: &Environment,
    metric: Metric,
    statistic: &str,
    minutes: u32,
) -> MetricProps<Creation<CloudWatchMetric>> {
    CloudWatchMetric::builder(metric.name(), NAMESPACE)
        .dimensions_map([(DIMENSION, environment.name.as_str())])
        .statistic(statistic)
        .period(Duration::from_mins(minutes.into()))
}

/// Declares the dashboard: first what an operator looks at, then `graphs` of the alarms' metrics. `purging` are the
/// functions whose logs have the tenants' measurements.
pub(crate) fn declare(
    stack: &Stack,
    environment: &Environment,
    purging: [&Live; 2],
    graphs: Vec<(&'static str, Vec<IMetric>)>,
) -> Result<()> {
    // The label is set here and not above: an alarm on a labelled metric would become one of metric math.
    let own = |metric: Metric, statistic, minutes| {
        let label = format!("{} {statistic}", metric.name());
        own(environment, metric, statistic, minutes).label(label).build()
    };
    let variants = [Metric::VariantsRendered, Metric::VariantsDeleted, Metric::RequestsCoalesced];
    let variants = variants.map(|metric| own(metric, "Sum", 1));
    let warming = [Metric::ImagesWarmed, Metric::WarmingSkipped];
    let warming = if environment.warming.is_on() { &warming[..] } else { &[] };
    let warming: Vec<_> = warming.iter().map(|metric| own(*metric, "Sum", 1)).collect();
    let errors = MathExpression::builder(CLOUDFRONT_ERRORS).search_region(CLOUDFRONT_REGION).label("");
    let first =
        [
            graph("From a change to the new image, in ms")
                .left([own(Metric::WriteToFresh, "p50", 1), own(Metric::WriteToFresh, "p95", 1)]),
            graph("Queue: rows, and age of the oldest in ms")
                .left([own(Metric::QueueDepth, "Maximum", 5)])
                .right([own(Metric::OldestEntryAge, "Maximum", 5)]),
            graph("Items and wildcards a minute, and the account's quotas")
                .left([own(Metric::Items, "Sum", 1)])
                .left_annotations([a_minute("quota of items", limits::ITEMS_PER_SECOND_QUOTA)])
                .right([own(Metric::Wildcards, "Sum", 1)])
                .right_annotations([a_minute("quota of wildcards", limits::WILDCARDS_PER_SECOND_QUOTA)]),
            graph("Share of a distribution's quotas in progress, in percent; calls rejected")
                .left([own(Metric::QuotaUse, "Maximum", 5)])
                .left_annotations([HorizontalAnnotation::new(100).label("quota")])
                .right([own(Metric::InvalidationsThrottled, "Sum", 1), own(Metric::PurgesRejected, "Sum", 1)]),
            graph("Variants").left(variants).right(warming),
            graph("CloudFront: 5xx of each distribution, in percent").region(CLOUDFRONT_REGION).left([errors.build()]),
        ];
    let further = graphs.into_iter().map(|(title, metrics)| graph(title).left(metrics));
    let dashboard = Dashboard::new(stack, "Dashboard")?;
    dashboard.add_widgets([IWidget::from(&price(environment)?), IWidget::from(&tenants(purging)?)])?;
    let mut widgets = first.into_iter().chain(further).map(|graph| graph.build());
    while let Some(left) = widgets.next() {
        match widgets.next() {
            Some(right) => dashboard.add_widgets([left, right])?,
            None => dashboard.add_widgets([left])?,
        }
    }
    Ok(())
}

fn graph(title: &str) -> GraphWidgetProps<Creation<GraphWidget>> {
    GraphWidget::builder().title(title).width(12)
}

/// The line of a quota in a graph of minutes.
fn a_minute(label: &str, per_second: u32) -> HorizontalAnnotation {
    HorizontalAnnotation::new(60 * per_second).label(label)
}

/// The estimated price of the day, in US dollars.
fn price(environment: &Environment) -> Result<SingleValueWidget> {
    let price = own(environment, Metric::EstimatedPrice, "Sum", DAY_MINUTES).build();
    let dollars = MathExpression::builder("price / 1000000")
        .using_metrics([("price", price)])
        .label("US$")
        .period(Duration::from_mins(DAY_MINUTES.into()));
    let title = "Price today (UTC), by list price";
    SingleValueWidget::builder([dollars.build()]).title(title).width(6).full_precision(true).build()
}

/// The ten tenants with the most items. A query of the log costs only while the dashboard is open.
fn tenants(purging: [&Live; 2]) -> Result<LogQueryWidget> {
    let groups = purging.map(|live| live.function.log_group()?.log_group_name());
    let query = [
        format!("filter ispresent({})", Metric::Items.name()),
        format!(
            "stats sum({}) as items, sum({}) as wildcards, sum({}) / 1000000 as usd by tenant",
            Metric::Items.name(),
            Metric::Wildcards.name(),
            Metric::EstimatedPrice.name()
        ),
        "sort items desc".to_owned(),
        "limit 10".to_owned(),
    ];
    LogQueryWidget::builder(groups).title("Tenants with the most items").query_lines(query).width(18).build()
}
