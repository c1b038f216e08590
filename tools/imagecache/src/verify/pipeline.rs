//! The checks of the pipeline: what the tenants share.

use aws_adapters::{CallError, sdk_error};
use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingError;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;

use super::Verification;
use super::check::{self, Check, Subject, Verdict, failed};

impl Verification {
    /// Checks the pipeline.
    pub(super) async fn pipeline(&self) -> Vec<Check> {
        let subject = Subject::new(&"pipeline", &self.environment);
        let (subscriptions, schedule, mapping) =
            tokio::join!(self.subscriptions(), self.schedule(&subject), self.mapping(&subject));
        vec![
            subject.check("the alarms' topic has subscribers", subscriptions.unwrap_or_else(|error| failed(&error))),
            subject.check("the schedule starts purge runs", schedule.unwrap_or_else(|error| failed(&error))),
            subject.check("the table's stream is delivered", mapping.unwrap_or_else(|error| failed(&error))),
        ]
    }

    async fn subscriptions(&self) -> Result<Verdict, CallError> {
        let topic = &self.installation.alarm_topic_arn;
        let got = self.sns.get_topic_attributes().topic_arn(topic).send().await;
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
