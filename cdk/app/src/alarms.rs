//! The mechanism of alarms and the dashboard. The alarms are declared beside the resources that they monitor.

use aws_cdk_lib::aws_cloudwatch::{
    Alarm as CloudWatchAlarm, AlarmProps, ComparisonOperator, Dashboard, GraphWidget, GraphWidgetProps, IMetric,
    IWidget, Metric, MetricOptions, TreatMissingData,
};
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{Duration, Result, Stack};

/// Period of a metric, in minutes.
pub(crate) const PERIOD_MINUTES: u32 = 5;

/// An alarm that is raised when a metric reaches a threshold. Missing data does not raise it.
pub(crate) struct Alarm<'a> {
    /// Id of the construct.
    pub(crate) id: &'a str,
    /// The situation, its consequence and what an operator does about it.
    pub(crate) description: &'a str,
    /// The metric, with the period and the statistic to evaluate.
    pub(crate) metric: &'a Metric,
    /// Periods in a row that reach the threshold.
    pub(crate) periods: u32,
    /// The threshold.
    pub(crate) threshold: u32,
}

/// The alarms of a stack and its dashboard.
pub(crate) struct Alarms<'a> {
    stack: &'a Stack,
    graphs: Vec<(&'static str, Vec<IMetric>)>,
    failures: Vec<IMetric>,
}

impl<'a> Alarms<'a> {
    pub(crate) fn new(stack: &'a Stack) -> Self {
        Self { stack, graphs: Vec::new(), failures: Vec::new() }
    }

    /// Declares an alarm.
    pub(crate) fn raise(&self, alarm: &Alarm) -> Result<()> {
        let props = AlarmProps::new(alarm.metric, alarm.periods, alarm.threshold)
            .alarm_description(alarm.description)
            .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
            .treat_missing_data(TreatMissingData::NotBreaching);
        CloudWatchAlarm::new(self.stack, alarm.id, props)?;
        Ok(())
    }

    /// Declares an alarm for one failed invocation of `function`, and adds the failures to the dashboard.
    pub(crate) fn raise_on_failure(&mut self, id: &str, description: &str, function: &RustFunction) -> Result<()> {
        let metric = function.metric_errors_with_props(period(PERIOD_MINUTES)?)?;
        self.raise(&Alarm { id, description, metric: &metric, periods: 1, threshold: 1 })?;
        self.show_failures(&metric);
        Ok(())
    }

    /// Adds a graph to the dashboard.
    pub(crate) fn show(&mut self, title: &'static str, metric: &Metric) {
        self.graphs.push((title, vec![IMetric::from(metric)]));
    }

    /// Adds a metric to the dashboard's graph of failures, which is its last.
    pub(crate) fn show_failures(&mut self, metric: &Metric) {
        self.failures.push(IMetric::from(metric));
    }

    /// Declares the dashboard, with two graphs in each row.
    pub(crate) fn publish_dashboard(mut self) -> Result<()> {
        self.graphs.push(("Failures", self.failures));
        let mut widgets = self.graphs.into_iter().map(|(title, metrics)| {
            let widget = GraphWidget::new(GraphWidgetProps::new().title(title).left(metrics).width(12))?;
            Ok(IWidget::from(&widget))
        });
        let dashboard = Dashboard::new(self.stack, "Dashboard")?;
        while let Some(left) = widgets.next() {
            match widgets.next() {
                Some(right) => dashboard.add_widgets([left?, right?])?,
                None => dashboard.add_widgets([left?])?,
            }
        }
        Ok(())
    }
}

/// Options of a metric with a period of `minutes`.
pub(crate) fn period(minutes: u32) -> Result<MetricOptions> {
    Ok(MetricOptions::new().period(&Duration::minutes(minutes)?))
}
