//! The checks of the pipeline: what the tenants share.

use aws_adapters::{CallError, sdk_error};
use aws_config::Region;
use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingError;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use futures_util::future::join_all;

use super::Verification;
use crate::verify::check::{self, Check, Subject, Verdict, failed};

impl Verification {
    /// Checks the pipeline.
    pub(crate) async fn pipeline(&self) -> Vec<Check> {
        let subject = Subject::new(&"pipeline", &self.environment);
        let topics = join_all(self.installation.alarm_topic_arns.iter().map(|topic| self.subscriptions(topic)));
        let (topics, schedule, mapping) = tokio::join!(topics, self.schedule(&subject), self.mapping(&subject));
        let of_topics = topics.into_iter().map(|verdict| ("the alarms' topic has subscribers", verdict));
        let others = [("the schedule starts purge runs", schedule), ("the table's stream is delivered", mapping)];
        let verdicts = of_topics
            .chain(others)
            .map(|(requirement, verdict)| subject.check(requirement, verdict.unwrap_or_else(|error| failed(&error))));
        verdicts.collect()
    }

    /// The verdict on a topic. That of the alarm on CloudFront's errors is in a region of its own.
    async fn subscriptions(&self, topic: &str) -> Result<Verdict, CallError> {
        let region = topic.split(':').nth(3).map(|region| Region::new(region.to_owned()));
        let in_region = aws_sdk_sns::config::Builder::default().region(region);
        let get = self.sns.get_topic_attributes().topic_arn(topic);
        let got = get.customize().config_override(in_region).send().await;
        let attributes = got.map_err(|error| sdk_error(format!("reading topic {topic}"), error))?.attributes;
        let attributes = attributes.unwrap_or_default();
        let count = |name| attributes.get(name).and_then(|count| count.parse().ok()).unwrap_or_default();
        Ok(check::subscriptions(topic, count("SubscriptionsConfirmed"), count("SubscriptionsPending")))
    }

    async fn schedule(&self, subject: &Subject) -> Result<Verdict, CallError> {
        let name = &self.installation.schedule_name;
        let state = match self.scheduler.get_schedule().name(name).send().await {
            Ok(schedule) => schedule.state.map(|state| state.as_str().to_owned()),
            Err(error) if error.as_service_error().is_some_and(GetScheduleError::is_resource_not_found_exception) => {
                None
            }
            Err(error) => return Err(sdk_error(format!("reading schedule {name}"), error)),
        };
        Ok(check::state(subject, &format!("schedule {name}"), state.as_deref(), "ENABLED"))
    }

    async fn mapping(&self, subject: &Subject) -> Result<Verdict, CallError> {
        let id = &self.installation.stream_mapping_id;
        let state = match self.lambda.get_event_source_mapping().uuid(id).send().await {
            Ok(mapping) => mapping.state,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetEventSourceMappingError::is_resource_not_found_exception) =>
            {
                None
            }
            Err(error) => return Err(sdk_error(format!("reading mapping {id}"), error)),
        };
        Ok(check::state(subject, &format!("mapping {id}"), state.as_deref(), "Enabled"))
    }
}
