"""The stacks of the environment `dev`, as they would be written in Python with the construct libraries alone."""

import json
import os

from aws_cdk import Acknowledgment, App, CfnOutput, Duration, Environment, Fn, RemovalPolicy, Stack, Stage, Tags
from aws_cdk import Validations
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct


def compact(value):
    return json.dumps(value, separators=(",", ":"))


HANDLERS = os.environ["HANDLERS"]
DOMAIN = "image-service.eu-west-1.dev.vmnd.tv"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
ADMIN_DOMAIN = "manage.api.eu-west-1.vmnd.tv"
API_STAGE = "dev-lof"
REGISTRY = "/dev-lof/images/tenants"
ORIGIN = "image-processing"
ORIGIN_HOST = "ImageProcessingHost"
CACHE_TAG_HEADER = "image-cache-tag"
CACHED_DAYS_MAX = 30
SETTLE_DELAY_SECS = 7
RENDER_TIMEOUT_SECS = 15
RECORD_AGE_MAX_SECS = 21_600
PURGE_EVERY = Duration.minutes(5)
PURGE_LEDGER_INDEX = "byCompletion"
UPLOADS = ".uploads/"
PACK_ATTRIBUTE_NAMES = (
    "tenant entity imageLocations mainImageLocation generation revision updatedAt updatedBy assetId title"
)
PACK_ATTRIBUTES = {name: name for name in PACK_ATTRIBUTE_NAMES.split()}
ATTRIBUTES = compact(PACK_ATTRIBUTES)
AUTHORIZER = compact({"type": "jwt", "tenantClaim": "tenants"})
PURGE_ROUTES = {
    "/images/{tenant}/{imagePackId}": ["DELETE", "GET"],
    "/purges/{tenant}": ["POST", "GET"],
    "/openapi.json": ["GET"],
}
PACKS = "/adminAPI/imagePacks"
PLACE = "/adminAPI/imagePacks/{imagePackId}/imageLocations/{location}"
MANAGEMENT_ROUTES = {
    PACKS: ["GET", "POST"],
    PACKS + "/{imagePackId}": ["GET", "PATCH", "DELETE"],
    PLACE: ["DELETE"],
    PLACE + "/crop": ["PUT", "DELETE"],
    PLACE + "/original": ["PUT"],
    PLACE + "/uploads": ["POST"],
    PLACE + "/uploads/{uploadId}/confirm": ["POST"],
    PLACE + "/fetchImage": ["POST"],
    "/adminAPI/imageLocationConfig/{name}": ["GET", "PUT"],
}
REQUEST_LOG = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    # The one in the function's log.
    "function_request_id": "$context.integration.requestId",
    "address": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "millis": "$context.responseLatency",
    "authorizer_error": "$context.authorizer.error",
    "integration_error": "$context.integrationErrorMessage",
}
MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)
DAY = Duration.days(1)
WIDE_PURGES = (
    "Tenants are added without this stack: their registrations, variants, and distributions with the environment's tag"
)
FUNCTION_RULES = {
    "Serverless-LambdaDLQ": "The stream's mapping has a destination for failures, requests are synchronous, and the "
    "next purge run continues a failed one",
    "Serverless-LambdaTracing": "Logs and metrics show the time of each step; a trace would be billed for each",
}
OWN = {"namespace": "ImageCacheInvalidation", "dimensions_map": {"environment": "dev"}}
# The reasons for which grants have a `*` in their resource.
WIDE_GRANTS = {
    "ImageInvalidation": WIDE_PURGES,
    "ImagePacksStream": "ListStreams has no resource to narrow it to",
    "ImagePurge": WIDE_PURGES,
    "ImageProcessing": "One function serves all tenants, which are added without this stack: the objects of both "
    "buckets",
    "ImageManagement": "One function serves all tenants, which are added without this stack: the objects of the "
    "originals bucket",
}
DESCRIPTIONS = {
    "ImageInvalidation": "Purges the targets in the invalidation queue",
    "ImagePacksStream": "Enqueues a purge for each meaningful change of an image pack",
    "ImagePurge": "Serves admins: purges an image pack at once, enqueues purges, or reports their status",
    "ImageProcessing": "Serves viewers: reads a variant, or renders it from its original and stores it",
    "ImageManagement": "Serves editors: changes image packs, their originals and location configurations",
    # A dead letter names records, which the stream deletes 24 hours after they were written.
    "DeadLettersAlarm": "The dead-letter queue has messages: changes that could not be processed or purges that "
    f"failed. Within {24 - RECORD_AGE_MAX_SECS // 3600} hours: imagecache dead-letters replay --environment dev",
    "FailedPurgeRunsAlarm": "Three purge runs in a row failed: changed images stay stale. Check the log of "
    "image-invalidation",
    "NoPurgeRunAlarm": "No purge run began within three periods: changed images stay stale. Check the schedule, the "
    "function's concurrency and its throttles",
    "ThrottledPurgeRunsAlarm": "Lambda throttles image-invalidation: changed images stay stale. Check the account's "
    "concurrency",
    "OldestEntryAlarm": "A change waits for its purge far longer than it should: viewers see an old image. Read the "
    "log of image-invalidation",
    "ThrottledInvalidationsAlarm": "CloudFront rejects invalidations because of a quota: purges wait. Compare the "
    "dashboard's items with the quotas of the account",
    "StreamAgeAlarm": "The oldest record of the image-pack table's stream is 5 minutes old: changed images are purged "
    "late. Check the log and the throttles of dynamodb-imagepacks-stream",
    "FailedPurgesAlarm": "image-purge crashed or timed out: a request of an admin failed. Check the log of image-purge",
    "FailedImagesAlarm": "image-processing answers requests with 5xx: viewers get an error instead of an image. Check "
    "its log",
    "ThrottledImagesAlarm": "Lambda throttles image-processing: viewers get an error instead of an image. Check its "
    "reserved concurrency and the account's",
    "FailedEditsAlarm": "image-management crashed or timed out: a request of an editor failed. Check the log of "
    "image-management",
    "FailedRequestsAlarm": "The API answers requests of admins and editors with 5xx. Check the logs of image-purge and "
    "image-management, and their throttles",
}


def acknowledge(construct, rules):
    Validations.of(construct).acknowledge(*(Acknowledgment(id=id, reason=reason) for id, reason in rules.items()))


def allow(actions, *resources, **options):
    return iam.PolicyStatement(actions=actions, resources=list(resources), **options)


def own(name, statistic, period=MINUTE, **options):
    """A metric that the functions publish."""
    return cloudwatch.Metric(metric_name=name, statistic=statistic, period=period, **OWN, **options)


def line(name, statistic, period=MINUTE):
    return own(name, statistic, period, label=f"{name} {statistic}")


def graph(title, **options):
    return cloudwatch.GraphWidget(title=title, width=12, **options)


class ImageStack(Stack):
    def __init__(self, stage, id, description, **options):
        super().__init__(stage, id, stack_name=f"dev-lof-images-{id}", description=description, **options)


class Data(ImageStack):
    def __init__(self, stage):
        description = "Tables and buckets; retained when the stack is deleted"
        super().__init__(stage, "data", description, termination_protection=True)
        replaced = s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30))
        # In a versioned bucket, an expired object remains as a noncurrent version.
        unconfirmed = s3.LifecycleRule(prefix=UPLOADS, expiration=DAY, noncurrent_version_expiration=DAY)
        self.originals = self.bucket("Originals", versioned=True, lifecycle_rules=[replaced, unconfirmed])
        self.image_packs = self.kept_table("ImagePacks", "entity", stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES)
        self.queue = self.kept_table("InvalidationQueue", "target")
        expiry = s3.LifecycleRule(expiration=Duration.days(CACHED_DAYS_MAX + 90))
        self.variants = self.bucket("Variants", lifecycle_rules=[expiry])
        self.ledger = self.kept_table("PurgeLedger", "purge", time_to_live_attribute="expiresAt")
        self.ledger.add_global_secondary_index(
            index_name=PURGE_LEDGER_INDEX,
            partition_key=dynamodb.Attribute(name="tenant", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="completedAt", type=dynamodb.AttributeType.NUMBER),
        )
        self.render_locks = self.table(
            "RenderLocks", "variant", time_to_live_attribute="expiresAt", removal_policy=RemovalPolicy.DESTROY
        )
        acknowledge(self.render_locks, {"AwsSolutions-DDB3": "A lock has no value after the request that holds it"})
        CfnOutput(self, "ImagePackTable", value=self.image_packs.table_name)
        CfnOutput(self, "InvalidationQueueTable", value=self.queue.table_name)
        CfnOutput(self, "PurgeLedgerTable", value=self.ledger.table_name)
        CfnOutput(self, "OriginalsBucket", value=self.originals.bucket_name)
        CfnOutput(self, "VariantsBucket", value=self.variants.bucket_name)

    def table(self, id, sort_key, removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, **options):
        return dynamodb.Table(
            self,
            id,
            partition_key=dynamodb.Attribute(name="tenant", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=removal_policy,
            **options,
        )

    def kept_table(self, id, sort_key, **options):
        recovery = dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True)
        return self.table(
            id, sort_key, point_in_time_recovery_specification=recovery, deletion_protection=False, **options
        )

    def bucket(self, id, **options):
        bucket = s3.Bucket(
            self,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            **options,
        )
        reason = "Only functions read and write it; `logs.buckets` has its requests logged"
        acknowledge(bucket, {"AwsSolutions-S1": reason})
        return bucket


class Pipeline(ImageStack):
    def __init__(self, stage, data):
        super().__init__(stage, "pipeline", "Functions, stream, schedule, API and alarms")
        self.data = data
        self.graphs = []
        self.failures = []
        self.topic = self.alarm_topic()
        self.action = cloudwatch_actions.SnsAction(self.topic)
        self.purging = {
            "ENVIRONMENT": "dev",
            "INVALIDATION_QUEUE_TABLE": data.queue.table_name,
            "PURGE_LEDGER_TABLE": data.ledger.table_name,
            "VARIANTS_BUCKET": data.variants.bucket_name,
            "TENANT_REGISTRY_PATH": REGISTRY,
            "SETTLE_DELAY_SECS": str(SETTLE_DELAY_SECS),
            "CACHED_DAYS_MAX": str(CACHED_DAYS_MAX),
            "DELETES_VARIANTS_FIRST": "false",
            "EARLY_PURGE_TARGETS_MAX": "10",
            "PURGE_QUOTAS": "both",
            "CALLS_INTERVAL_MILLIS": "2000",
            "CALLS_BURST": "6",
            "ITEMS_PER_REQUEST_MAX": "500",
            "LEDGER_RETENTION_DAYS": "90",
        }
        self.packs = {"IMAGE_PACK_TABLE": data.image_packs.table_name, "IMAGE_PACK_ATTRIBUTES": ATTRIBUTES}
        self.distributions = self.format_arn(service="cloudfront", region="", resource="distribution/*")
        self.registrations = self.format_arn(service="ssm", resource=f"parameter{REGISTRY}/*")

        self.dead_letters = self.dead_letter_queue()
        invalidation, self.purge_runs = self.image_invalidation()
        mapping = self.image_packs_stream()
        purge, purge_live = self.image_purge()
        processing, url = self.image_processing()
        management = self.image_management()
        api = apigw.HttpApi(
            self,
            "AdminApi",
            create_default_stage=False,
            # A caller of the custom domain must not find a way around it.
            disable_execute_api_endpoint=True,
            description="Purges and edits of images",
        )

        schedule = self.schedule_purges()
        self.publish(api, purge_live, management)
        self.alarm_of_failures("FailedRequestsAlarm", api.metric_server_error(period=MINUTE, statistic="Sum"))
        self.dashboard([invalidation, purge])
        self.register_for_operators(processing, mapping, schedule)
        CfnOutput(self, "DeadLetterQueueUrl", value=self.dead_letters.queue_url)
        # AWS documents no reference to another stack inside Fn::Split, so the host is split off here.
        CfnOutput(self, ORIGIN_HOST, value=Fn.select(2, Fn.split("/", url.url)))
        self.origin_host = Fn.get_stack_output(self.stack_name, ORIGIN_HOST)

    def alarm_topic(self):
        topic = sns.Topic(self, "AlarmTopic", enforce_ssl=True)
        # The policy of a topic replaces the default one, which permits the account's alarms.
        publisher = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        this_account = {"StringEquals": {"aws:SourceAccount": self.account}}
        statement = allow(["sns:Publish"], topic.topic_arn, principals=[publisher], conditions=this_account)
        topic.add_to_resource_policy(statement)
        reason = "A queue of emails that were not delivered would have no reader; the alarm's state stays visible"
        acknowledge(topic, {"Serverless-SNSRedrivePolicy": reason})
        CfnOutput(self, "AlarmTopicArn", value=topic.topic_arn)
        return topic

    def alarm(self, id, metric, threshold=1, datapoints=(3, 5), below=False):
        operators, missing = cloudwatch.ComparisonOperator, cloudwatch.TreatMissingData
        breaching, periods = datapoints
        alarm = cloudwatch.Alarm(
            self,
            id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=breaching,
            alarm_description=f"{DESCRIPTIONS[id]}. Runbook: docs/runbook.md#{id.lower()}",
            comparison_operator=(
                operators.LESS_THAN_THRESHOLD if below else operators.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            treat_missing_data=missing.BREACHING if below else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(self.action)
        alarm.add_ok_action(self.action)

    def alarm_of_failures(self, id, metric, **options):
        self.alarm(id, metric, **options)
        self.failures.append(metric)

    def show(self, title, metric):
        self.graphs.append(graph(title, left=[metric]))

    def log_group(self, id):
        return logs.LogGroup(self, id, retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY)

    def handler(self, id, binary, memory_size, seconds, variables, grants, concurrency=None, **alias):
        """A function and its alias `live`."""
        log_group = self.log_group(id + "Log")
        principal = iam.ServicePrincipal("lambda.amazonaws.com")
        role = iam.Role(self, id + "Role", assumed_by=principal, description=DESCRIPTIONS[id])
        log_group.grant_write(role)
        function = lambda_.Function(
            self,
            id,
            code=lambda_.Code.from_asset(f"{HANDLERS}/{binary}"),
            handler="bootstrap",
            runtime=lambda_.Runtime.PROVIDED_AL2023,
            architecture=lambda_.Architecture.ARM_64,
            description=DESCRIPTIONS[id],
            memory_size=memory_size,
            timeout=Duration.seconds(seconds),
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            role=role,
            environment=variables,
            reserved_concurrent_executions=concurrency,
        )
        acknowledge(role, {"AwsSolutions-IAM5": WIDE_GRANTS[id]})
        acknowledge(function, FUNCTION_RULES)
        live = lambda_.Alias(self, id + "Live", alias_name="live", version=function.current_version, **alias)
        for statement in grants:
            function.add_to_role_policy(statement)
        return function, live

    def dead_letter_queue(self):
        kept = Duration.days(14)
        queue = sqs.Queue(
            self, "DeadLetters", encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, retention_period=kept
        )
        reason = "It is the dead-letter queue"
        acknowledge(queue, {"AwsSolutions-SQS3": reason, "Serverless-SQSRedrivePolicy": reason})
        messages = queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
        self.alarm("DeadLettersAlarm", messages, datapoints=(1, 1))
        self.show("Dead letters", messages)
        return queue

    def purge_grants(self):
        invalidate = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
        of_environment = {"StringEquals": {"aws:ResourceTag/image-service-environment": "dev"}}
        return [
            allow(invalidate, self.distributions, conditions=of_environment),
            allow(["dynamodb:UpdateItem", "dynamodb:PutItem"], self.data.queue.table_arn),
            allow(["s3:ListBucket"], self.data.variants.bucket_arn),
            allow(["s3:DeleteObject"], self.data.variants.arn_for_objects("*")),
            allow(["dynamodb:PutItem"], self.data.ledger.table_arn),
        ]

    def wake_up_grants(self):
        return [
            allow(["lambda:InvokeFunction"], self.purge_runs.function_arn),
            # For the lease.
            allow(["dynamodb:GetItem"], self.data.queue.table_arn),
        ]

    def image_invalidation(self):
        queue = self.data.queue
        variables = {**self.purging, "LEASE_SECS": "60", "DEAD_LETTER_QUEUE_URL": self.dead_letters.queue_url}
        grants = [
            *self.purge_grants(),
            allow(["ssm:GetParameter", "ssm:GetParameters"], self.registrations),
            allow(["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"], queue.table_arn),
            allow(["dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"], queue.table_arn),
            allow(["dynamodb:UpdateItem"], self.data.ledger.table_arn),
            allow(["sqs:SendMessage"], self.dead_letters.queue_arn),
        ]
        # The next purge run continues a failed one: a retry or a backlog of invocations has no use.
        alias = {"retry_attempts": 0, "max_event_age": MINUTE}
        function, live = self.handler("ImageInvalidation", "image-invalidation", 512, 240, variables, grants, **alias)
        reason = "A failed wake-up loses nothing: its rows are in the queue, and the schedule finds them"
        acknowledge(live, {"Serverless-LambdaAsyncFailureDestination": reason})

        failed = function.metric_errors(period=PURGE_EVERY)
        self.alarm_of_failures("FailedPurgeRunsAlarm", failed, datapoints=(3, 3))
        runs = function.metric_invocations(period=PURGE_EVERY, statistic="Sum")
        self.alarm("NoPurgeRunAlarm", runs, datapoints=(3, 3), below=True)
        self.show("Purge runs", runs)
        self.alarm("ThrottledPurgeRunsAlarm", function.metric_throttles(period=MINUTE))
        self.alarm("OldestEntryAlarm", own("OldestEntryAge", "Maximum", FIVE_MINUTES), threshold=900_000)
        self.alarm("ThrottledInvalidationsAlarm", own("InvalidationsThrottled", "Sum", FIVE_MINUTES))
        return function, live

    def image_packs_stream(self):
        variables = {
            "INVALIDATION_QUEUE_TABLE": self.data.queue.table_name,
            "DEAD_LETTER_QUEUE_URL": self.dead_letters.queue_url,
            "IMAGE_PACK_ATTRIBUTES": ATTRIBUTES,
            "TENANTS_WITH_EXISTING_DISTRIBUTION": "[]",
            "PURGE_RUN_FUNCTION": self.purge_runs.function_arn,
        }
        grants = [
            allow(["dynamodb:UpdateItem"], self.data.queue.table_arn),
            *self.wake_up_grants(),
            allow(["sqs:SendMessage"], self.dead_letters.queue_arn),
        ]
        function, live = self.handler("ImagePacksStream", "dynamodb-imagepacks-stream", 256, 60, variables, grants)
        age = function.metric("IteratorAge", period=MINUTE, statistic="Maximum")
        self.alarm("StreamAgeAlarm", age, threshold=300_000)
        self.show("Stream: age of the oldest record", age)

        source = sources.DynamoEventSource(
            self.data.image_packs,
            # LATEST can miss records while the mapping is created or changed.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(0),
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            max_record_age=Duration.seconds(RECORD_AGE_MAX_SECS),
            on_failure=sources.SqsDlq(self.dead_letters),
        )
        live.add_event_source(source)
        return source.event_source_mapping_id

    def image_purge(self):
        data = self.data
        variables = {
            **self.purging,
            **self.packs,
            "MANUAL_PURGES_PER_MINUTE": "10",
            "MANUAL_PURGES_BURST": "20",
            "PURGE_RUN_FUNCTION": self.purge_runs.function_arn,
            "AUTHORIZER": AUTHORIZER,
        }
        grants = [
            *self.purge_grants(),
            *self.wake_up_grants(),
            allow(["ssm:GetParameter"], self.registrations),
            allow(["dynamodb:BatchGetItem"], data.image_packs.table_arn),
            allow(["dynamodb:GetItem", "dynamodb:Query"], data.queue.table_arn),
            allow(["dynamodb:Query"], f"{data.ledger.table_arn}/index/{PURGE_LEDGER_INDEX}"),
            allow(["dynamodb:Query"], data.ledger.table_arn),
        ]
        function, live = self.handler("ImagePurge", "image-purge", 512, 29, variables, grants)
        self.alarm_of_failures("FailedPurgesAlarm", function.metric_errors(period=MINUTE))
        return function, live

    def image_processing(self):
        data = self.data
        variables = {
            **self.packs,
            "ENVIRONMENT": "dev",
            "ORIGINALS_BUCKET": data.originals.bucket_name,
            "VARIANTS_BUCKET": data.variants.bucket_name,
            "TENANT_SOURCE": "header",
            "DEMAND_TABLE": "none",
            "RENDER_LOCK_TABLE": data.render_locks.table_name,
            "RENDER_TIMEOUT_SECS": str(RENDER_TIMEOUT_SECS),
            "ANSWER_MAX_SECS": "2",
            "CACHE_TAG_HEADER": CACHE_TAG_HEADER,
            "CACHED_DAYS_MAX": str(CACHED_DAYS_MAX),
            "MALLOC_MMAP_THRESHOLD_": "33554432",
            "MALLOC_TRIM_THRESHOLD_": "268435456",
        }
        grants = [
            allow(["dynamodb:BatchGetItem"], data.image_packs.table_arn),
            allow(["dynamodb:PutItem", "dynamodb:DeleteItem"], data.render_locks.table_arn),
            allow(["s3:GetObjectVersion"], data.originals.arn_for_objects("*")),
            allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], data.variants.arn_for_objects("*")),
            # Without it S3 returns 403 instead of 404 for a variant that is not stored yet.
            allow(["s3:ListBucket"], data.variants.bucket_arn, data.originals.bucket_arn),
        ]
        function, live = self.handler(
            "ImageProcessing", "image-processing", 1769, RENDER_TIMEOUT_SECS, variables, grants, concurrency=200
        )
        auth_type = lambda_.FunctionUrlAuthType.AWS_IAM
        url = live.add_function_url(auth_type=auth_type)
        # One permission for each distribution would exceed the 20 KB of a function's policy.
        principal = iam.ServicePrincipal("cloudfront.amazonaws.com")
        distributions = {"principal": principal, "source_arn": self.distributions}
        call_url = {"action": "lambda:InvokeFunctionUrl", "function_url_auth_type": auth_type}
        live.add_permission("DistributionsCallUrl", **call_url, **distributions)
        live.add_permission("DistributionsInvoke", invoked_via_function_url=True, **distributions)

        failed = function.metric("Url5xxCount", period=MINUTE, statistic="Sum")
        self.alarm_of_failures("FailedImagesAlarm", failed, threshold=5)
        self.alarm("ThrottledImagesAlarm", function.metric_throttles(period=MINUTE))
        self.show("Requests to image-processing", function.metric_invocations())
        return live, url

    def image_management(self):
        table, originals = self.data.image_packs, self.data.originals
        variables = {
            **self.packs,
            "ORIGINALS_BUCKET": originals.bucket_name,
            "AUTHORIZER": AUTHORIZER,
            "FETCH_CONTACT": "none",
        }
        edits = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"]
        grants = [
            allow(edits, table.table_arn),
            allow(["s3:PutObject", "s3:DeleteObject"], originals.arn_for_objects("*")),
            allow(["s3:GetObject"], originals.arn_for_objects(UPLOADS + "*")),
            # Without it S3 returns 403 instead of 404 for an upload that does not exist.
            allow(["s3:ListBucket"], originals.bucket_arn),
        ]
        function, live = self.handler("ImageManagement", "image-management", 1769, 29, variables, grants)
        self.alarm_of_failures("FailedEditsAlarm", function.metric_errors(period=MINUTE))
        return live

    def schedule_purges(self):
        description = DESCRIPTIONS["ImageInvalidation"]
        group = self.format_arn(service="scheduler", resource="schedule-group/default")
        this_account = {"StringEquals": {"aws:SourceAccount": self.account, "aws:SourceArn": group}}
        principal = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=this_account)
        # The role that the CDK creates by default may also invoke every version of the function.
        role = iam.Role(self, "InvalidationScheduleRole", assumed_by=principal, description=description)
        role.add_to_policy(allow(["lambda:InvokeFunction"], self.purge_runs.function_arn))
        target = scheduler_targets.LambdaInvoke(self.purge_runs, retry_attempts=0, role=role.without_policy_updates())
        rate = scheduler.ScheduleExpression.rate(PURGE_EVERY)
        schedule = scheduler.Schedule(
            self, "InvalidationSchedule", schedule=rate, target=target, description=description
        )
        return schedule.schedule_name

    def publish(self, api, purge, management):
        authorizer = authorizers.HttpJwtAuthorizer(
            "AdminToken", "https://login.vmnd.tv/", jwt_audience=["image-service-admin"]
        )
        # Each route would add a permission to the function, whose policy may have 20 KB. The routes therefore refer to
        # an import without permissions, and one permission covers them all.
        arn = management.function_arn
        target = lambda_.Function.from_function_attributes(
            self, "ImageManagementTarget", function_arn=arn, same_environment=False, skip_permissions=True
        )
        for integration, scope, routes in (
            (integrations.HttpLambdaIntegration("Purge", purge), "images:purge", PURGE_ROUTES),
            (integrations.HttpLambdaIntegration("Management", target), "images:manage", MANAGEMENT_ROUTES),
        ):
            for path, methods in routes.items():
                for method in methods:
                    apigw.HttpRoute(
                        api,
                        method + path,
                        http_api=api,
                        route_key=apigw.HttpRouteKey.with_(path, apigw.HttpMethod[method]),
                        integration=integration,
                        authorizer=authorizer,
                        authorization_scopes=[scope],
                    )
        gateway = iam.ServicePrincipal("apigateway.amazonaws.com")
        management.add_permission("AdminApi", principal=gateway, source_arn=api.arn_for_execute_api("*", "/adminAPI/*"))

        throttle = apigw.ThrottleSettings(rate_limit=20, burst_limit=40)
        stage = apigw.HttpStage(
            self, "AdminStage", http_api=api, stage_name=API_STAGE, auto_deploy=True, throttle=throttle
        )
        stage.node.default_child.access_log_settings = apigw.CfnStage.AccessLogSettingsProperty(
            destination_arn=self.log_group("AdminApiLog").log_group_arn, format=compact(REQUEST_LOG)
        )
        mapping = apigw.CfnApiMapping(
            self,
            "UnifiedApi",
            api_id=api.api_id,
            domain_name=ADMIN_DOMAIN,
            stage=stage.stage_name,
            api_mapping_key=API_STAGE,
        )
        # The mapping names the stage, which CloudFormation does not take for a reference.
        mapping.node.add_dependency(stage)
        CfnOutput(self, "AdminApiUrl", value=f"https://{ADMIN_DOMAIN}/{API_STAGE}")

    def dashboard(self, purging):
        micros = own("EstimatedPrice", "Sum", DAY)
        price = cloudwatch.MathExpression(
            expression="price / 1000000", using_metrics={"price": micros}, label="US$", period=DAY
        )
        search = "SEARCH('{AWS/CloudFront,DistributionId,Region} MetricName=\"5xxErrorRate\"', 'Average', 300)"
        errors = cloudwatch.MathExpression(expression=search, search_region="us-east-1", label="")
        variants = [line(name, "Sum") for name in ("VariantsRendered", "VariantsDeleted", "RequestsCoalesced")]
        quota = cloudwatch.HorizontalAnnotation
        graphs = [
            graph(
                "From a change to the new image, in ms", left=[line("WriteToFresh", "p50"), line("WriteToFresh", "p95")]
            ),
            graph(
                "Queue: rows, and age of the oldest in ms",
                left=[line("QueueDepth", "Maximum", FIVE_MINUTES)],
                right=[line("OldestEntryAge", "Maximum", FIVE_MINUTES)],
            ),
            graph(
                "Items and wildcards a minute, and the account's quotas",
                left=[line("Items", "Sum")],
                left_annotations=[quota(value=60 * 150, label="quota of items")],
                right=[line("Wildcards", "Sum")],
                right_annotations=[quota(value=60, label="quota of wildcards")],
            ),
            graph(
                "Share of a distribution's quotas in progress, in percent; calls rejected",
                left=[line("QuotaUse", "Maximum", FIVE_MINUTES)],
                left_annotations=[quota(value=100, label="quota")],
                right=[line("InvalidationsThrottled", "Sum"), line("PurgesRejected", "Sum")],
            ),
            graph("Variants", left=variants),
            graph("CloudFront: 5xx of each distribution, in percent", region="us-east-1", left=[errors]),
            *self.graphs,
            graph("Failures", left=self.failures),
        ]
        dashboard = cloudwatch.Dashboard(self, "Dashboard")
        dashboard.add_widgets(
            cloudwatch.SingleValueWidget(
                title="Price today (UTC), by list price", metrics=[price], width=6, full_precision=True
            ),
            cloudwatch.LogQueryWidget(
                title="Tenants with the most items",
                log_group_names=[function.log_group.log_group_name for function in purging],
                query_lines=[
                    "filter ispresent(Items)",
                    "stats sum(Items) as items, sum(Wildcards) as wildcards, sum(EstimatedPrice) / 1000000 as usd by "
                    "tenant",
                    "sort items desc",
                    "limit 10",
                ],
                width=18,
            ),
        )
        for row in range(0, len(graphs), 2):
            dashboard.add_widgets(*graphs[row : row + 2])

    def register_for_operators(self, processing, mapping, schedule):
        data = self.data
        installation = {
            "imagePackTable": data.image_packs.table_name,
            "imagePackStreamArn": data.image_packs.table_stream_arn,
            "imagePackAttributes": PACK_ATTRIBUTES,
            "tenantsWithExistingDistribution": [],
            "invalidationQueueTable": data.queue.table_name,
            "purgeLedgerTable": data.ledger.table_name,
            "variantsBucket": data.variants.bucket_name,
            "originalsBucket": data.originals.bucket_name,
            "renderLockTable": data.render_locks.table_name,
            "deadLetterQueueUrl": self.dead_letters.queue_url,
            "settleDelaySecs": SETTLE_DELAY_SECS,
            # CloudFront completes an invalidation within two minutes.
            "purgedWithinSecs": SETTLE_DELAY_SECS + PURGE_EVERY.to_seconds() + 120,
            "imageInvalidationArn": self.purge_runs.function_arn,
            "imageProcessingArn": processing.function_arn,
            "cacheTagHeader": CACHE_TAG_HEADER,
            "viewerDomain": DOMAIN,
            "streamMappingId": mapping,
            "scheduleName": schedule,
            "alarmTopicArns": [self.topic.topic_arn],
        }
        ssm.StringParameter(
            self,
            "Recovery",
            parameter_name="/dev-lof/images/recovery",
            string_value=compact(installation),
            description="Names of the resources, for the operators' command line",
        )


class Edge(ImageStack):
    def __init__(self, stage):
        super().__init__(stage, "edge-1", "Policies that the distributions of up to 100 tenants share")
        zero, longest = Duration.seconds(0), Duration.days(CACHED_DAYS_MAX)
        # No other query parameter may create another cache entry.
        query = cloudfront.CacheQueryStringBehavior.allow_list("location", "date")
        self.cache_policy = cloudfront.CachePolicy(
            self, "CachePolicy", query_string_behavior=query, min_ttl=zero, default_ttl=zero, max_ttl=longest
        )
        no_sniffing = cloudfront.ResponseHeadersContentTypeOptions(override=True)
        year = Duration.days(365)
        https_only = cloudfront.ResponseHeadersStrictTransportSecurity(access_control_max_age=year, override=True)
        # Pages of other sites show the images.
        shared = cloudfront.ResponseCustomHeader(
            header="cross-origin-resource-policy", override=True, value="cross-origin"
        )
        self.response_headers = cloudfront.ResponseHeadersPolicy(
            self,
            "ResponseHeaders",
            comment="Strips cache tags and adds security headers (dev)",
            remove_headers=[CACHE_TAG_HEADER],
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_type_options=no_sniffing, strict_transport_security=https_only
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(custom_headers=[shared]),
        )
        self.access = cloudfront.FunctionUrlOriginAccessControl(self, "ImageProcessingAccess")


class Tenant(ImageStack):
    def __init__(self, stage, tenant, pipeline, edge):
        super().__init__(stage, f"tenant-{tenant}", f"The distribution of {tenant} and its registration")
        Tags.of(self).add("image-service-tenant", tenant)
        # A distribution names an output of the pipeline, which the CDK takes for no reference.
        self.add_stack_dependency(pipeline)
        host = f"{tenant}.{DOMAIN}"
        distribution = self.distribution(tenant, host, pipeline, edge)

        alias_target = cloudfront.Distribution.from_distribution_attributes(
            self, "AliasTarget", distribution_id=distribution.ref, domain_name=distribution.attr_domain_name
        )
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id="Z0123456789EXAMPLE", zone_name="dev.vmnd.tv"
        )
        target = route53.RecordTarget.from_alias(route53_targets.CloudFrontTarget(alias_target))
        # A trailing dot makes the name absolute.
        route53.ARecord(self, "Alias", zone=zone, target=target, record_name=host + ".")
        route53.AaaaRecord(self, "AliasIpv6", zone=zone, target=target, record_name=host + ".")

        ssm.StringParameter(
            self,
            "Registration",
            parameter_name=f"{REGISTRY}/{tenant}",
            string_value=compact({"distributionId": distribution.ref, "cacheTags": True}),
            description=f"The distribution of {tenant}",
        )
        CfnOutput(self, "DistributionId", value=distribution.ref)
        CfnOutput(self, "ViewerUrl", value=f"https://{host}/api/v2/img/")

    def distribution(self, tenant, host, pipeline, edge):
        # The L2 construct lacks the header of cache tags. This is the path that it gives its resource.
        scope = Construct(self, "Distribution")
        rules = {
            "AwsSolutions-CFR1": "Viewers of every country see the images",
            "AwsSolutions-CFR2": "`viewer.requests_per_address` adds a limit by AWS WAF, which is billed",
            "AwsSolutions-CFR3": "`logs.distributions` has the requests logged, with the addresses of viewers",
        }
        acknowledge(scope, rules)
        cfn = cloudfront.CfnDistribution
        origin = cfn.OriginProperty(
            id=ORIGIN,
            domain_name=pipeline.origin_host,
            origin_access_control_id=edge.access.origin_access_control_id,
            origin_custom_headers=[cfn.OriginCustomHeaderProperty(header_name="x-image-tenant", header_value=tenant)],
            custom_origin_config=cfn.CustomOriginConfigProperty(
                origin_protocol_policy="https-only",
                origin_ssl_protocols=["TLSv1.2"],
                # A second longer than a rendering.
                origin_read_timeout=RENDER_TIMEOUT_SECS + 1,
            ),
        )
        # The default of CloudFront is 10 seconds; the `Cache-Control` of the origin decides.
        error = cfn.CustomErrorResponseProperty
        statuses = (404, 405, 414, 500, 501, 502, 503, 504)
        error_responses = [error(error_code=status, error_caching_min_ttl=0) for status in statuses]
        return cfn(
            scope,
            "Resource",
            distribution_config=cfn.DistributionConfigProperty(
                enabled=True,
                ipv6_enabled=True,
                aliases=[host],
                comment=f"Images of {tenant} (dev)",
                origins=[origin],
                default_cache_behavior=cfn.DefaultCacheBehaviorProperty(
                    target_origin_id=ORIGIN,
                    viewer_protocol_policy="redirect-to-https",
                    cache_policy_id=edge.cache_policy.cache_policy_id,
                    response_headers_policy_id=edge.response_headers.response_headers_policy_id,
                    # Image formats are compressed.
                    compress=False,
                ),
                cache_tag_config=cfn.CacheTagConfigProperty(header_name=CACHE_TAG_HEADER),
                viewer_certificate=cfn.ViewerCertificateProperty(
                    acm_certificate_arn=CERTIFICATE,
                    ssl_support_method="sni-only",
                    minimum_protocol_version="TLSv1.2_2025",
                ),
                custom_error_responses=error_responses,
                http_version="http2and3",
            ),
        )


# A failed validation of a template is an error of `synth`. Without this context it would only be the exit code of the
# kernel's process, which nothing reads.
app = App(post_cli_context={"@aws-cdk/core:appMode": "inmemory", "@aws-cdk/core:failSynthOnValidationErrors": True})
stage = Stage(app, "dev", env=Environment(account="123456789012", region="eu-west-1"))
Tags.of(stage).add("image-service-environment", "dev")
data = Data(stage)
pipeline = Pipeline(stage, data)
edge = Edge(stage)
for tenant in ("acme", "globex"):
    Tenant(stage, tenant, pipeline, edge)
app.synth()
