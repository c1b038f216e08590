"""The stacks of the environment `dev`, as they would be written in Python with the construct libraries alone."""

import json
import os

from aws_cdk import App, CfnOutput, Duration, Environment, Fn, RemovalPolicy, Stack, Stage, Tags
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
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

HANDLERS = os.environ["HANDLERS"]
DOMAIN = "image-service.eu-west-1.dev.vmnd.tv"
DISTRIBUTIONS = "arn:aws:cloudfront::123456789012:distribution/*"
REGISTRY = "/dev-lof/images/tenants"


class Data(Stack):
    def __init__(self, stage):
        super().__init__(stage, "data", stack_name="dev-lof-images-data", termination_protection=True)
        recovery = dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True)
        self.image_packs = self.table(
            "ImagePacks",
            "entity",
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            point_in_time_recovery_specification=recovery,
        )
        self.queue = self.table("InvalidationQueue", "target", point_in_time_recovery_specification=recovery)
        self.ledger = self.table("PurgeLedger", "purge", time_to_live_attribute="expiresAt", point_in_time_recovery_specification=recovery)
        self.render_locks = self.table(
            "RenderLocks", "variant", time_to_live_attribute="expiresAt", removal_policy=RemovalPolicy.DESTROY
        )
        kept = Duration.days(1)
        self.originals = self.bucket(
            "Originals",
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30)),
                s3.LifecycleRule(prefix=".uploads/", expiration=kept, noncurrent_version_expiration=kept),
            ],
        )
        self.variants = self.bucket("Variants", lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(120))])
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

    def bucket(self, id, **options):
        return s3.Bucket(
            self,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            **options,
        )


class Pipeline(Stack):
    def __init__(self, stage, data):
        super().__init__(stage, "pipeline", stack_name="dev-lof-images-pipeline")
        self.graphs = []
        self.action = self.alarm_topic()
        period = Duration.minutes(5)

        dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        messages = dead_letters.metric_approximate_number_of_messages_visible(period=period, statistic="Maximum")
        self.alarm("DeadLettersAlarm", messages, 1)

        attributes = json.dumps({"tenant": "tenant", "entity": "entity", "imageLocations": "imageLocations"})
        packs = {"IMAGE_PACK_TABLE": data.image_packs.table_name, "IMAGE_PACK_ATTRIBUTES": attributes}
        stream, stream_live = self.handler(
            "ImagePacksStream",
            "dynamodb-imagepacks-stream",
            256,
            60,
            {
                "INVALIDATION_QUEUE_TABLE": data.queue.table_name,
                "DEAD_LETTER_QUEUE_URL": dead_letters.queue_url,
                "IMAGE_PACK_ATTRIBUTES": attributes,
                "TENANTS_WITH_EXISTING_DISTRIBUTION": "[]",
            },
            [(["dynamodb:UpdateItem"], [data.queue.table_arn]), (["sqs:SendMessage"], [dead_letters.queue_arn])],
        )
        self.alarm("StreamAgeAlarm", stream.metric("IteratorAge", period=period, statistic="Maximum"), 300_000)

        purging = {
            "INVALIDATION_QUEUE_TABLE": data.queue.table_name,
            "PURGE_LEDGER_TABLE": data.ledger.table_name,
            "VARIANTS_BUCKET": data.variants.bucket_name,
            "ENVIRONMENT": "dev",
            "TENANT_REGISTRY_PATH": REGISTRY,
            "SETTLE_DELAY_SECS": "7",
            "CACHED_DAYS_MAX": "30",
            "VARIANT_DELETION_SECS_MAX": "150",
            "EDGE_FETCH_MAX_SECS": "3",
            "ITEMS_PER_REQUEST_MAX": "500",
            "ITEMS_PER_PURGE_RUN_MAX": "2900",
            "WILDCARDS_PER_PURGE_RUN_MAX": "13",
            "LEDGER_RETENTION_DAYS": "90",
        }
        purge_grants = [
            (["dynamodb:UpdateItem", "dynamodb:PutItem"], [data.queue.table_arn]),
            (["s3:ListBucket"], [data.variants.bucket_arn]),
            (["s3:DeleteObject"], [data.variants.arn_for_objects("*")]),
            (["dynamodb:PutItem"], [data.ledger.table_arn]),
        ]
        registry = self.format_arn(service="ssm", resource="parameter", resource_name=REGISTRY[1:])
        invalidation, invalidation_live = self.handler(
            "ImageInvalidation",
            "image-invalidation",
            512,
            240,
            purging | {"LEASE_SECS": "255", "TRACKING_SECS_MAX": "60", "DEAD_LETTER_QUEUE_URL": dead_letters.queue_url},
            purge_grants
            + [
                (["ssm:GetParameter", "ssm:GetParameters"], [registry + "/*"]),
                (
                    ["dynamodb:Scan", "dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"],
                    [data.queue.table_arn],
                ),
                (["dynamodb:UpdateItem"], [data.ledger.table_arn]),
                (["sqs:SendMessage"], [dead_letters.queue_arn]),
            ],
            retry_attempts=0,
            max_event_age=period,
        )
        self.alarm("FailedPurgeRunsAlarm", invalidation.metric_errors(period=period), 1, 3)
        self.alarm("NoPurgeRunAlarm", invalidation.metric_invocations(period=period), 1, 3)
        self.alarm("ThrottledPurgeRunsAlarm", invalidation.metric_throttles(period=period), 1)
        own = {"namespace": "ImageCacheInvalidation", "dimensions_map": {"environment": "dev"}, "period": period}
        oldest = cloudwatch.Metric(metric_name="OldestEntryAge", statistic="Maximum", **own)
        self.alarm("OldestEntryAlarm", oldest, 900_000)
        throttled = cloudwatch.Metric(metric_name="InvalidationsThrottled", statistic="Sum", **own)
        self.alarm("ThrottledInvalidationsAlarm", throttled, 1)

        purge, purge_live = self.handler(
            "ImagePurge",
            "image-purge",
            512,
            29,
            purging
            | packs
            | {"MANUAL_PURGES_PER_MINUTE": "10", "MANUAL_PURGES_BURST": "20", "AUTHORIZER": '{"type":"jwt","tenantClaim":"tenants"}'},
            purge_grants
            + [
                (["ssm:GetParameter"], [registry + "/*"]),
                (["dynamodb:BatchGetItem"], [data.image_packs.table_arn]),
                (["dynamodb:GetItem", "dynamodb:Query"], [data.queue.table_arn]),
                (["dynamodb:Query"], [data.ledger.table_arn]),
            ],
        )
        self.alarm("FailedPurgesAlarm", purge.metric_errors(period=period), 1)

        processing, processing_live = self.handler(
            "ImageProcessing",
            "image-processing",
            1769,
            15,
            packs
            | {
                "ORIGINALS_BUCKET": data.originals.bucket_name,
                "VARIANTS_BUCKET": data.variants.bucket_name,
                "TENANT_SOURCE": "header",
                "RENDER_LOCK_TABLE": data.render_locks.table_name,
                "RENDER_TIMEOUT_SECS": "15",
                "ANSWER_MAX_SECS": "2",
                "CACHE_TAG_HEADER": "image-cache-tag",
                "CACHED_DAYS_MAX": "30",
            },
            [
                (["dynamodb:BatchGetItem"], [data.image_packs.table_arn]),
                (["dynamodb:PutItem", "dynamodb:DeleteItem"], [data.render_locks.table_arn]),
                (["s3:GetObjectVersion"], [data.originals.arn_for_objects("*")]),
                (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [data.variants.arn_for_objects("*")]),
                (["s3:ListBucket"], [data.variants.bucket_arn, data.originals.bucket_arn]),
            ],
        )
        url = processing_live.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)
        self.alarm("FailedImagesAlarm", processing.metric("Url5xxCount", period=period, statistic="Sum"), 5)
        self.alarm("ThrottledImagesAlarm", processing.metric_throttles(period=period), 1)

        management, management_live = self.handler(
            "ImageManagement",
            "image-management",
            1769,
            29,
            packs
            | {"ORIGINALS_BUCKET": data.originals.bucket_name, "AUTHORIZER": '{"type":"jwt","tenantClaim":"tenants"}', "FETCH_CONTACT": "none"},
            [
                (
                    ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"],
                    [data.image_packs.table_arn],
                ),
                (["s3:PutObject", "s3:DeleteObject"], [data.originals.arn_for_objects("*")]),
                (["s3:GetObject"], [data.originals.arn_for_objects(".uploads/*")]),
                (["s3:ListBucket"], [data.originals.bucket_arn]),
            ],
        )
        self.alarm("FailedEditsAlarm", management.metric_errors(period=period), 1)

        stream_live.add_event_source(
            sources.DynamoEventSource(
                data.image_packs,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                max_batching_window=Duration.seconds(1),
                report_batch_item_failures=True,
                bisect_batch_on_error=True,
                max_record_age=Duration.seconds(21_600),
                on_failure=sources.SqsDlq(dead_letters),
            )
        )
        self.schedule(invalidation_live)
        api = self.api(purge_live, management_live)
        failed = api.metric_server_error(period=period, statistic="Sum")
        self.alarm("FailedRequestsAlarm", failed, 1)

        cloudwatch.Dashboard(self, "Dashboard").add_widgets(*self.graphs)
        ssm.StringParameter(
            self,
            "Recovery",
            parameter_name="/dev-lof/images/recovery",
            string_value=json.dumps({"table": data.image_packs.table_name, "queue": data.queue.table_name}),
        )
        CfnOutput(self, "DeadLetterQueueUrl", value=dead_letters.queue_url)
        self.permit_distributions(url, processing_live, [invalidation, purge])

    def handler(self, id, binary, memory_size, seconds, environment, grants, **alias_options):
        log_group = logs.LogGroup(
            self, id + "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        role = iam.Role(self, id + "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        created = lambda_.Function(
            self,
            id,
            code=lambda_.Code.from_asset(f"{HANDLERS}/{binary}"),
            handler="bootstrap",
            runtime=lambda_.Runtime.PROVIDED_AL2023,
            architecture=lambda_.Architecture.ARM_64,
            description=id,
            memory_size=memory_size,
            timeout=Duration.seconds(seconds),
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            role=role,
            environment=environment,
        )
        for actions, resources in grants:
            created.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))
        version = created.current_version
        return created, lambda_.Alias(self, id + "Live", alias_name="live", version=version, **alias_options)

    def alarm_topic(self):
        topic = sns.Topic(self, "AlarmTopic", enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        CfnOutput(self, "AlarmTopicArn", value=topic.topic_arn)
        return cloudwatch_actions.SnsAction(topic)

    def alarm(self, id, metric, threshold, evaluation_periods=5):
        created = cloudwatch.Alarm(
            self,
            id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=min(3, evaluation_periods),
            alarm_description=id,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        created.add_alarm_action(self.action)
        created.add_ok_action(self.action)
        self.graphs.append(cloudwatch.GraphWidget(title=id, left=[metric], width=12))

    def schedule(self, invalidation):
        conditions = {"StringEquals": {"aws:SourceAccount": self.account}}
        principal = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=conditions)
        role = iam.Role(self, "InvalidationScheduleRole", assumed_by=principal)
        role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[invalidation.function_arn])
        )
        scheduler.Schedule(
            self,
            "InvalidationSchedule",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(5)),
            target=scheduler_targets.LambdaInvoke(
                invalidation, retry_attempts=0, role=role.without_policy_updates()
            ),
        )

    def api(self, purge, management):
        api = apigw.HttpApi(
            self, "AdminApi", create_default_stage=False, disable_execute_api_endpoint=True
        )
        authorizer = authorizers.HttpJwtAuthorizer(
            "AdminToken", "https://login.vmnd.tv/", jwt_audience=["image-service-admin"]
        )
        target = lambda_.Function.from_function_attributes(
            self,
            "ImageManagementTarget",
            function_arn=management.function_arn,
            same_environment=False,
            skip_permissions=True,
        )
        purge_integration = integrations.HttpLambdaIntegration("Purge", purge)
        management_integration = integrations.HttpLambdaIntegration("Management", target)
        pack = "/adminAPI/imagePacks/{imagePackId}"
        place = pack + "/imageLocations/{location}"
        routes = [
            (method, path, purge_integration, "images:purge")
            for method, path in [
                ("GET", "/images/{tenant}/{imagePackId}"),
                ("DELETE", "/images/{tenant}/{imagePackId}"),
                ("GET", "/purges/{tenant}"),
                ("POST", "/purges/{tenant}"),
                ("GET", "/openapi.json"),
            ]
        ]
        for method, path in [
            ("GET", "/adminAPI/imagePacks"),
            ("POST", "/adminAPI/imagePacks"),
            ("GET", pack),
            ("PATCH", pack),
            ("DELETE", pack),
            ("DELETE", place),
            ("PUT", place + "/crop"),
            ("DELETE", place + "/crop"),
            ("PUT", place + "/original"),
            ("POST", place + "/uploads"),
            ("PUT", place + "/uploads/{uploadId}"),
            ("POST", place + "/fetchImage"),
            ("GET", "/adminAPI/imageLocationConfig/{name}"),
            ("PUT", "/adminAPI/imageLocationConfig/{name}"),
        ]:
            routes.append((method, path, management_integration, "images:manage"))
        for method, path, integration, scope in routes:
            apigw.HttpRoute(
                self,
                method + path,
                http_api=api,
                route_key=apigw.HttpRouteKey.with_(path, apigw.HttpMethod[method]),
                integration=integration,
                authorizer=authorizer,
                authorization_scopes=[scope],
            )
        management.add_permission(
            "AdminApi",
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            source_arn=api.arn_for_execute_api("*", "/adminAPI/*"),
        )
        api_log = logs.LogGroup(
            self, "AdminApiLog", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        stage = apigw.HttpStage(
            self,
            "AdminStage",
            http_api=api,
            stage_name="dev-lof",
            auto_deploy=True,
            throttle=apigw.ThrottleSettings(rate_limit=20, burst_limit=40),
        )
        stage.node.default_child.access_log_settings = apigw.CfnStage.AccessLogSettingsProperty(
            destination_arn=api_log.log_group_arn, format=json.dumps({"status": "$context.status"})
        )
        mapping = apigw.CfnApiMapping(
            self,
            "UnifiedApi",
            api_id=api.api_id,
            domain_name="manage.api.eu-west-1.vmnd.tv",
            stage=stage.stage_name,
            api_mapping_key="dev-lof",
        )
        mapping.node.add_dependency(stage)
        CfnOutput(self, "AdminApiUrl", value="https://manage.api.eu-west-1.vmnd.tv/dev-lof")
        return api

    def permit_distributions(self, url, processing, purging):
        cloudfront_principal = iam.ServicePrincipal("cloudfront.amazonaws.com")
        processing.add_permission(
            "DistributionsCallUrl",
            principal=cloudfront_principal,
            source_arn=DISTRIBUTIONS,
            action="lambda:InvokeFunctionUrl",
            function_url_auth_type=lambda_.FunctionUrlAuthType.AWS_IAM,
        )
        processing.add_permission(
            "DistributionsInvoke",
            principal=cloudfront_principal,
            source_arn=DISTRIBUTIONS,
            invoked_via_function_url=True,
        )
        CfnOutput(self, "ImageProcessingHost", value=Fn.select(2, Fn.split("/", url.url)))
        for created in purging:
            created.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
                    resources=[DISTRIBUTIONS],
                    conditions={"StringEquals": {"aws:ResourceTag/image-service-environment": "dev"}},
                )
            )


class Edge(Stack):
    def __init__(self, stage):
        super().__init__(stage, "edge-1", stack_name="dev-lof-images-edge-1")
        zero = Duration.seconds(0)
        self.cache_policy = cloudfront.CachePolicy(
            self,
            "CachePolicy",
            query_string_behavior=cloudfront.CacheQueryStringBehavior.allow_list("location", "date"),
            min_ttl=zero,
            default_ttl=zero,
            max_ttl=Duration.days(30),
        )
        self.response_headers = cloudfront.ResponseHeadersPolicy(
            self,
            "ResponseHeaders",
            comment="Strips cache tags and adds security headers (dev)",
            remove_headers=["image-cache-tag"],
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(
                        header="cross-origin-resource-policy", override=True, value="cross-origin"
                    )
                ]
            ),
        )
        self.access = cloudfront.FunctionUrlOriginAccessControl(self, "ImageProcessingAccess")


class Tenant(Stack):
    def __init__(self, stage, tenant, pipeline, edge):
        super().__init__(stage, "tenant-" + tenant, stack_name="dev-lof-images-tenant-" + tenant)
        self.add_stack_dependency(pipeline)
        Tags.of(self).add("image-service-tenant", tenant)
        host = f"{tenant}.{DOMAIN}"
        certificate = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
        zero = Duration.seconds(0)
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.HttpOrigin(
                    Fn.get_stack_output(pipeline.stack_name, "ImageProcessingHost"),
                    protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                    origin_access_control_id=edge.access.origin_access_control_id,
                    read_timeout=Duration.seconds(16),
                    custom_headers={"x-image-tenant": tenant},
                ),
                cache_policy=edge.cache_policy,
                response_headers_policy=edge.response_headers,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                compress=False,
            ),
            comment=f"Images of {tenant} (dev)",
            domain_names=[host],
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate),
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=zero)
                for status in (404, 405, 414, 500, 501, 502, 503, 504)
            ],
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
        )
        tags = {"HeaderName": "image-cache-tag"}
        distribution.node.default_child.add_property_override("DistributionConfig.CacheTagConfig", tags)
        ssm.StringParameter(
            self,
            "Registration",
            parameter_name=f"{REGISTRY}/{tenant}",
            string_value=json.dumps({"distributionId": distribution.distribution_id, "cacheTags": True}),
        )
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id="Z0123456789EXAMPLE", zone_name="dev.vmnd.tv"
        )
        target = route53.RecordTarget.from_alias(route53_targets.CloudFrontTarget(distribution))
        route53.ARecord(self, "Alias", zone=zone, target=target, record_name=host + ".")
        route53.AaaaRecord(self, "AliasIpv6", zone=zone, target=target, record_name=host + ".")
        CfnOutput(self, "DistributionId", value=distribution.distribution_id)
        CfnOutput(self, "ViewerUrl", value=f"https://{host}/api/v2/img/")


app = App()
stage = Stage(app, "dev", env=Environment(region="eu-west-1", account=os.environ.get("CDK_DEFAULT_ACCOUNT")))
Tags.of(stage).add("image-service-environment", "dev")
data = Data(stage)
pipeline = Pipeline(stage, data)
edge = Edge(stage)
for tenant in ("acme", "globex"):
    Tenant(stage, tenant, pipeline, edge)
app.synth()
