// The stacks of the environment `dev`, as they would be written in JavaScript with the construct libraries alone.
const { App, CfnOutput, Duration, Fn, RemovalPolicy, Stack, Stage, Tags } = require("aws-cdk-lib");
const apigw = require("aws-cdk-lib/aws-apigatewayv2");
const authorizers = require("aws-cdk-lib/aws-apigatewayv2-authorizers");
const integrations = require("aws-cdk-lib/aws-apigatewayv2-integrations");
const acm = require("aws-cdk-lib/aws-certificatemanager");
const cloudfront = require("aws-cdk-lib/aws-cloudfront");
const origins = require("aws-cdk-lib/aws-cloudfront-origins");
const cloudwatch = require("aws-cdk-lib/aws-cloudwatch");
const cloudwatchActions = require("aws-cdk-lib/aws-cloudwatch-actions");
const dynamodb = require("aws-cdk-lib/aws-dynamodb");
const iam = require("aws-cdk-lib/aws-iam");
const lambda = require("aws-cdk-lib/aws-lambda");
const sources = require("aws-cdk-lib/aws-lambda-event-sources");
const logs = require("aws-cdk-lib/aws-logs");
const route53 = require("aws-cdk-lib/aws-route53");
const route53Targets = require("aws-cdk-lib/aws-route53-targets");
const s3 = require("aws-cdk-lib/aws-s3");
const scheduler = require("aws-cdk-lib/aws-scheduler");
const schedulerTargets = require("aws-cdk-lib/aws-scheduler-targets");
const sns = require("aws-cdk-lib/aws-sns");
const sqs = require("aws-cdk-lib/aws-sqs");
const ssm = require("aws-cdk-lib/aws-ssm");

const HANDLERS = process.env.HANDLERS;
const DOMAIN = "image-service.eu-west-1.dev.vmnd.tv";
const DISTRIBUTIONS = "arn:aws:cloudfront::123456789012:distribution/*";
const REGISTRY = "/dev-lof/images/tenants";

function dataStack(stage) {
  const stack = new Stack(stage, "data", { stackName: "dev-lof-images-data", terminationProtection: true });
  const table = (id, sortKey, options) =>
    new dynamodb.Table(stack, id, {
      partitionKey: { name: "tenant", type: dynamodb.AttributeType.STRING },
      sortKey: { name: sortKey, type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...options,
    });
  const bucket = (id, options) =>
    new s3.Bucket(stack, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...options,
    });
  const recovery = { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true } };
  const data = {
    imagePacks: table("ImagePacks", "entity", { stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES, ...recovery }),
    queue: table("InvalidationQueue", "target", recovery),
    ledger: table("PurgeLedger", "purge", { timeToLiveAttribute: "expiresAt", ...recovery }),
    renderLocks: table("RenderLocks", "variant", {
      timeToLiveAttribute: "expiresAt",
      removalPolicy: RemovalPolicy.DESTROY,
    }),
    originals: bucket("Originals", {
      versioned: true,
      lifecycleRules: [
        { noncurrentVersionExpiration: Duration.days(30) },
        { prefix: ".uploads/", expiration: Duration.days(1), noncurrentVersionExpiration: Duration.days(1) },
      ],
    }),
    variants: bucket("Variants", { lifecycleRules: [{ expiration: Duration.days(120) }] }),
  };
  new CfnOutput(stack, "ImagePackTable", { value: data.imagePacks.tableName });
  new CfnOutput(stack, "InvalidationQueueTable", { value: data.queue.tableName });
  new CfnOutput(stack, "PurgeLedgerTable", { value: data.ledger.tableName });
  new CfnOutput(stack, "OriginalsBucket", { value: data.originals.bucketName });
  new CfnOutput(stack, "VariantsBucket", { value: data.variants.bucketName });
  return data;
}

function pipelineStack(stage, data) {
  const stack = new Stack(stage, "pipeline", { stackName: "dev-lof-images-pipeline" });
  const graphs = [];

  const handler = (id, binary, memorySize, seconds, environment, grants, aliasOptions) => {
    const logGroup = new logs.LogGroup(stack, `${id}Log`, {
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(stack, `${id}Role`, { assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(role);
    const created = new lambda.Function(stack, id, {
      code: lambda.Code.fromAsset(`${HANDLERS}/${binary}`),
      handler: "bootstrap",
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.ARM_64,
      description: id,
      memorySize,
      timeout: Duration.seconds(seconds),
      loggingFormat: lambda.LoggingFormat.JSON,
      logGroup,
      role,
      environment,
    });
    for (const [actions, resources] of grants) {
      created.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
    }
    const version = created.currentVersion;
    created.live = new lambda.Alias(stack, `${id}Live`, { aliasName: "live", version, ...aliasOptions });
    return created;
  };
  const topic = new sns.Topic(stack, "AlarmTopic", { enforceSSL: true });
  topic.addToResourcePolicy(
    new iam.PolicyStatement({
      actions: ["sns:Publish"],
      principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
      resources: [topic.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
    }),
  );
  new CfnOutput(stack, "AlarmTopicArn", { value: topic.topicArn });
  const action = new cloudwatchActions.SnsAction(topic);
  const alarm = (id, metric, threshold, evaluationPeriods = 5) => {
    const created = new cloudwatch.Alarm(stack, id, {
      metric,
      threshold,
      evaluationPeriods,
      datapointsToAlarm: Math.min(3, evaluationPeriods),
      alarmDescription: id,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    created.addAlarmAction(action);
    created.addOkAction(action);
    graphs.push(new cloudwatch.GraphWidget({ title: id, left: [metric], width: 12 }));
  };
  const period = Duration.minutes(5);

  const deadLetters = new sqs.Queue(stack, "DeadLetters", {
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  alarm("DeadLettersAlarm", deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: "Maximum" }), 1);

  const attributes = JSON.stringify({ tenant: "tenant", entity: "entity", imageLocations: "imageLocations" });
  const packs = { IMAGE_PACK_TABLE: data.imagePacks.tableName, IMAGE_PACK_ATTRIBUTES: attributes };
  const stream = handler(
    "ImagePacksStream", "dynamodb-imagepacks-stream", 256, 60,
    {
      INVALIDATION_QUEUE_TABLE: data.queue.tableName,
      DEAD_LETTER_QUEUE_URL: deadLetters.queueUrl,
      IMAGE_PACK_ATTRIBUTES: attributes,
      TENANTS_WITH_EXISTING_DISTRIBUTION: "[]",
    },
    [[["dynamodb:UpdateItem"], [data.queue.tableArn]], [["sqs:SendMessage"], [deadLetters.queueArn]]],
  );
  alarm("StreamAgeAlarm", stream.metric("IteratorAge", { period, statistic: "Maximum" }), 300_000);

  const purging = {
    INVALIDATION_QUEUE_TABLE: data.queue.tableName,
    PURGE_LEDGER_TABLE: data.ledger.tableName,
    VARIANTS_BUCKET: data.variants.bucketName,
    ENVIRONMENT: "dev",
    TENANT_REGISTRY_PATH: REGISTRY,
    SETTLE_DELAY_SECS: "7",
    CACHED_DAYS_MAX: "30",
    VARIANT_DELETION_SECS_MAX: "150",
    EDGE_FETCH_MAX_SECS: "3",
    ITEMS_PER_REQUEST_MAX: "500",
    ITEMS_PER_PURGE_RUN_MAX: "2900",
    WILDCARDS_PER_PURGE_RUN_MAX: "13",
    LEDGER_RETENTION_DAYS: "90",
  };
  const purgeGrants = [
    [["dynamodb:UpdateItem", "dynamodb:PutItem"], [data.queue.tableArn]],
    [["s3:ListBucket"], [data.variants.bucketArn]],
    [["s3:DeleteObject"], [data.variants.arnForObjects("*")]],
    [["dynamodb:PutItem"], [data.ledger.tableArn]],
  ];
  const registry = stack.formatArn({ service: "ssm", resource: "parameter", resourceName: REGISTRY.slice(1) });
  const invalidation = handler(
    "ImageInvalidation", "image-invalidation", 512, 240,
    { ...purging, LEASE_SECS: "255", TRACKING_SECS_MAX: "60", DEAD_LETTER_QUEUE_URL: deadLetters.queueUrl },
    [
      ...purgeGrants,
      [["ssm:GetParameter", "ssm:GetParameters"], [`${registry}/*`]],
      [["dynamodb:Scan", "dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"], [data.queue.tableArn]],
      [["dynamodb:UpdateItem"], [data.ledger.tableArn]],
      [["sqs:SendMessage"], [deadLetters.queueArn]],
    ],
    { retryAttempts: 0, maxEventAge: Duration.minutes(5) },
  );
  alarm("FailedPurgeRunsAlarm", invalidation.metricErrors({ period }), 1, 3);
  alarm("NoPurgeRunAlarm", invalidation.metricInvocations({ period }), 1, 3);
  alarm("ThrottledPurgeRunsAlarm", invalidation.metricThrottles({ period }), 1);
  const own = (metricName, statistic) =>
    new cloudwatch.Metric({
      namespace: "ImageCacheInvalidation", metricName, statistic, period, dimensionsMap: { environment: "dev" },
    });
  alarm("OldestEntryAlarm", own("OldestEntryAge", "Maximum"), 900_000);
  alarm("ThrottledInvalidationsAlarm", own("InvalidationsThrottled", "Sum"), 1);

  const purge = handler(
    "ImagePurge", "image-purge", 512, 29,
    { ...purging, ...packs, MANUAL_PURGES_PER_MINUTE: "10", MANUAL_PURGES_BURST: "20", AUTHORIZER: '{"type":"jwt","tenantClaim":"tenants"}' },
    [
      ...purgeGrants,
      [["ssm:GetParameter"], [`${registry}/*`]],
      [["dynamodb:BatchGetItem"], [data.imagePacks.tableArn]],
      [["dynamodb:GetItem", "dynamodb:Query"], [data.queue.tableArn]],
      [["dynamodb:Query"], [data.ledger.tableArn]],
    ],
  );
  alarm("FailedPurgesAlarm", purge.metricErrors({ period }), 1);

  const processing = handler(
    "ImageProcessing", "image-processing", 1769, 15,
    {
      ...packs,
      ORIGINALS_BUCKET: data.originals.bucketName,
      VARIANTS_BUCKET: data.variants.bucketName,
      TENANT_SOURCE: "header",
      RENDER_LOCK_TABLE: data.renderLocks.tableName,
      RENDER_TIMEOUT_SECS: "15",
      ANSWER_MAX_SECS: "2",
      CACHE_TAG_HEADER: "image-cache-tag",
      CACHED_DAYS_MAX: "30",
    },
    [
      [["dynamodb:BatchGetItem"], [data.imagePacks.tableArn]],
      [["dynamodb:PutItem", "dynamodb:DeleteItem"], [data.renderLocks.tableArn]],
      [["s3:GetObjectVersion"], [data.originals.arnForObjects("*")]],
      [["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [data.variants.arnForObjects("*")]],
      [["s3:ListBucket"], [data.variants.bucketArn, data.originals.bucketArn]],
    ],
  );
  const url = processing.live.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
  alarm("FailedImagesAlarm", processing.metric("Url5xxCount", { period, statistic: "Sum" }), 5);
  alarm("ThrottledImagesAlarm", processing.metricThrottles({ period }), 1);

  const management = handler(
    "ImageManagement", "image-management", 1769, 29,
    { ...packs, ORIGINALS_BUCKET: data.originals.bucketName, AUTHORIZER: '{"type":"jwt","tenantClaim":"tenants"}', FETCH_CONTACT: "none" },
    [
      [
        ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"],
        [data.imagePacks.tableArn],
      ],
      [["s3:PutObject", "s3:DeleteObject"], [data.originals.arnForObjects("*")]],
      [["s3:GetObject"], [data.originals.arnForObjects(".uploads/*")]],
      [["s3:ListBucket"], [data.originals.bucketArn]],
    ],
  );
  alarm("FailedEditsAlarm", management.metricErrors({ period }), 1);

  stream.live.addEventSource(
    new sources.DynamoEventSource(data.imagePacks, {
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      maxRecordAge: Duration.seconds(21_600),
      onFailure: new sources.SqsDlq(deadLetters),
    }),
  );

  const schedulerRole = new iam.Role(stack, "InvalidationScheduleRole", {
    assumedBy: new iam.ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
    }),
  });
  schedulerRole.addToPolicy(
    new iam.PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [invalidation.live.functionArn] }),
  );
  const role = schedulerRole.withoutPolicyUpdates();
  new scheduler.Schedule(stack, "InvalidationSchedule", {
    schedule: scheduler.ScheduleExpression.rate(Duration.minutes(5)),
    target: new schedulerTargets.LambdaInvoke(invalidation.live, { retryAttempts: 0, role }),
  });

  const api = new apigw.HttpApi(stack, "AdminApi", {
    createDefaultStage: false,
    disableExecuteApiEndpoint: true,
  });
  const authorizer = new authorizers.HttpJwtAuthorizer("AdminToken", "https://login.vmnd.tv/", {
    jwtAudience: ["image-service-admin"],
  });
  const target = lambda.Function.fromFunctionAttributes(stack, "ImageManagementTarget", {
    functionArn: management.live.functionArn,
    sameEnvironment: false,
    skipPermissions: true,
  });
  const purgeIntegration = new integrations.HttpLambdaIntegration("Purge", purge.live);
  const managementIntegration = new integrations.HttpLambdaIntegration("Management", target);
  const route = (method, path, integration, scope) => {
    const routeKey = apigw.HttpRouteKey.with(path, method);
    const options = { httpApi: api, routeKey, integration, authorizer, authorizationScopes: [scope] };
    new apigw.HttpRoute(stack, `${method}${path}`, options);
  };
  for (const [method, path] of [
    ["GET", "/images/{tenant}/{imagePackId}"], ["DELETE", "/images/{tenant}/{imagePackId}"],
    ["GET", "/purges/{tenant}"], ["POST", "/purges/{tenant}"], ["GET", "/openapi.json"],
  ]) {
    route(method, path, purgeIntegration, "images:purge");
  }
  const pack = "/adminAPI/imagePacks/{imagePackId}";
  const place = `${pack}/imageLocations/{location}`;
  for (const [method, path] of [
    ["GET", "/adminAPI/imagePacks"], ["POST", "/adminAPI/imagePacks"], ["GET", pack], ["PATCH", pack],
    ["DELETE", pack], ["DELETE", place], ["PUT", `${place}/crop`], ["DELETE", `${place}/crop`],
    ["PUT", `${place}/original`], ["POST", `${place}/uploads`], ["PUT", `${place}/uploads/{uploadId}`],
    ["POST", `${place}/fetchImage`], ["GET", "/adminAPI/imageLocationConfig/{name}"],
    ["PUT", "/adminAPI/imageLocationConfig/{name}"],
  ]) {
    route(method, path, managementIntegration, "images:manage");
  }
  management.live.addPermission("AdminApi", {
    principal: new iam.ServicePrincipal("apigateway.amazonaws.com"),
    sourceArn: api.arnForExecuteApi("*", "/adminAPI/*"),
  });
  const apiLog = new logs.LogGroup(stack, "AdminApiLog", {
    retention: logs.RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const apiStage = new apigw.HttpStage(stack, "AdminStage", {
    httpApi: api,
    stageName: "dev-lof",
    autoDeploy: true,
    accessLogSettings: { destination: new apigw.LogGroupLogDestination(apiLog) },
    throttle: { rateLimit: 20, burstLimit: 40 },
  });
  const mapping = new apigw.CfnApiMapping(stack, "UnifiedApi", {
    apiId: api.apiId,
    domainName: "manage.api.eu-west-1.vmnd.tv",
    stage: apiStage.stageName,
    apiMappingKey: "dev-lof",
  });
  mapping.node.addDependency(apiStage);
  new CfnOutput(stack, "AdminApiUrl", { value: "https://manage.api.eu-west-1.vmnd.tv/dev-lof" });

  alarm("FailedRequestsAlarm", api.metricServerError({ period, statistic: "Sum" }), 1);
  new cloudwatch.Dashboard(stack, "Dashboard").addWidgets(...graphs);
  new ssm.StringParameter(stack, "Recovery", {
    parameterName: "/dev-lof/images/recovery",
    stringValue: JSON.stringify({ table: data.imagePacks.tableName, queue: data.queue.tableName }),
  });
  new CfnOutput(stack, "DeadLetterQueueUrl", { value: deadLetters.queueUrl });
  const cloudFront = { principal: new iam.ServicePrincipal("cloudfront.amazonaws.com"), sourceArn: DISTRIBUTIONS };
  processing.live.addPermission("DistributionsCallUrl", {
    ...cloudFront,
    action: "lambda:InvokeFunctionUrl",
    functionUrlAuthType: lambda.FunctionUrlAuthType.AWS_IAM,
  });
  processing.live.addPermission("DistributionsInvoke", { ...cloudFront, invokedViaFunctionUrl: true });
  new CfnOutput(stack, "ImageProcessingHost", { value: Fn.select(2, Fn.split("/", url.url)) });
  for (const created of [invalidation, purge]) {
    created.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
        resources: [DISTRIBUTIONS],
        conditions: { StringEquals: { "aws:ResourceTag/image-service-environment": "dev" } },
      }),
    );
  }
  return stack;
}

function edgeStack(stage) {
  const stack = new Stack(stage, "edge-1", { stackName: "dev-lof-images-edge-1" });
  return {
    cachePolicy: new cloudfront.CachePolicy(stack, "CachePolicy", {
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.allowList("location", "date"),
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(30),
    }),
    responseHeadersPolicy: new cloudfront.ResponseHeadersPolicy(stack, "ResponseHeaders", {
      comment: "Strips cache tags and adds security headers (dev)",
      removeHeaders: ["image-cache-tag"],
      securityHeadersBehavior: {
        contentTypeOptions: { override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), override: true },
      },
      customHeadersBehavior: {
        customHeaders: [{ header: "cross-origin-resource-policy", override: true, value: "cross-origin" }],
      },
    }),
    access: new cloudfront.FunctionUrlOriginAccessControl(stack, "ImageProcessingAccess"),
  };
}

function tenantStack(stage, tenant, pipeline, edge) {
  const stack = new Stack(stage, `tenant-${tenant}`, { stackName: `dev-lof-images-tenant-${tenant}` });
  stack.addStackDependency(pipeline);
  Tags.of(stack).add("image-service-tenant", tenant);
  const host = `${tenant}.${DOMAIN}`;
  const certificateArn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
  const distribution = new cloudfront.Distribution(stack, "Distribution", {
    defaultBehavior: {
      origin: new origins.HttpOrigin(Fn.getStackOutput(pipeline.stackName, "ImageProcessingHost"), {
        protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        originAccessControlId: edge.access.originAccessControlId,
        readTimeout: Duration.seconds(16),
        customHeaders: { "x-image-tenant": tenant },
      }),
      cachePolicy: edge.cachePolicy,
      responseHeadersPolicy: edge.responseHeadersPolicy,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      compress: false,
    },
    comment: `Images of ${tenant} (dev)`,
    domainNames: [host],
    minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
    certificate: acm.Certificate.fromCertificateArn(stack, "Certificate", certificateArn),
    errorResponses: [404, 405, 414, 500, 501, 502, 503, 504].map((httpStatus) => ({
      httpStatus,
      ttl: Duration.seconds(0),
    })),
    httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
  });
  distribution.node.defaultChild.addPropertyOverride("DistributionConfig.CacheTagConfig", {
    HeaderName: "image-cache-tag",
  });
  new ssm.StringParameter(stack, "Registration", {
    parameterName: `${REGISTRY}/${tenant}`,
    stringValue: JSON.stringify({ distributionId: distribution.distributionId, cacheTags: true }),
  });
  const zone = route53.HostedZone.fromHostedZoneAttributes(stack, "Zone", {
    hostedZoneId: "Z0123456789EXAMPLE",
    zoneName: "dev.vmnd.tv",
  });
  const target = route53.RecordTarget.fromAlias(new route53Targets.CloudFrontTarget(distribution));
  new route53.ARecord(stack, "Alias", { zone, target, recordName: `${host}.` });
  new route53.AaaaRecord(stack, "AliasIpv6", { zone, target, recordName: `${host}.` });
  new CfnOutput(stack, "DistributionId", { value: distribution.distributionId });
  new CfnOutput(stack, "ViewerUrl", { value: `https://${host}/api/v2/img/` });
}

const app = new App();
const stage = new Stage(app, "dev", { env: { region: "eu-west-1", account: process.env.CDK_DEFAULT_ACCOUNT } });
Tags.of(stage).add("image-service-environment", "dev");
const data = dataStack(stage);
const pipeline = pipelineStack(stage, data);
const edge = edgeStack(stage);
for (const tenant of ["acme", "globex"]) {
  tenantStack(stage, tenant, pipeline, edge);
}
app.synth();
