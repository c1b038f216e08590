// The stacks of the environment `dev`, as they would be written in JavaScript with the construct libraries alone.
const { App, CfnOutput, Duration, Fn, RemovalPolicy, Stack, Stage, Tags, Validations } = require("aws-cdk-lib");
const apigw = require("aws-cdk-lib/aws-apigatewayv2");
const authorizers = require("aws-cdk-lib/aws-apigatewayv2-authorizers");
const integrations = require("aws-cdk-lib/aws-apigatewayv2-integrations");
const cloudfront = require("aws-cdk-lib/aws-cloudfront");
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
const { Construct } = require("constructs");

const HANDLERS = process.env.HANDLERS;
const ENVIRONMENT = "dev";
const DOMAIN = "image-service.eu-west-1.dev.vmnd.tv";
const ENVIRONMENT_TAG = "image-service-environment";
const CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
const ZONE = { hostedZoneId: "Z0123456789EXAMPLE", zoneName: "dev.vmnd.tv" };
const REGISTRY = `/${ENVIRONMENT}-lof/images/tenants`;
const CACHE_TAG_HEADER = "image-cache-tag";
const CACHED_DAYS_MAX = 30;
const PURGE_EVERY_MINUTES = 5;
const SETTLE_DELAY_SECS = 7;
const LEDGER_BY_COMPLETION = "byCompletion";
const UPLOADS_PREFIX = ".uploads/";
const ATTRIBUTES =
  "tenant entity imageLocations mainImageLocation generation revision updatedAt updatedBy assetId title".split(" ");

const MINUTE = { period: Duration.minutes(1) };
const FIVE_MINUTES = { period: Duration.minutes(5) };

function newStack(stage, id, description) {
  return new Stack(stage, id, { stackName: `${ENVIRONMENT}-lof-images-${id}`, description });
}

// Acknowledges rules of cdk-nag on a construct and below it: `reasons` has the reason for each rule.
function acknowledge(construct, reasons) {
  const acknowledgments = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  Validations.of(construct).acknowledge(...acknowledgments);
}

function newLogGroup(stack, id) {
  const retention = logs.RetentionDays.THREE_MONTHS;
  return new logs.LogGroup(stack, id, { retention, removalPolicy: RemovalPolicy.DESTROY });
}

function dataStack(stage) {
  const stack = newStack(stage, "data", "Tables and buckets; retained when the stack is deleted");
  stack.terminationProtection = true;
  const { STRING, NUMBER } = dynamodb.AttributeType;
  const table = (id, sortKey, options) =>
    new dynamodb.Table(stack, id, {
      partitionKey: { name: "tenant", type: STRING },
      sortKey: { name: sortKey, type: STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...options,
    });
  const loggedByConfiguration = "Only functions read and write it; `logs.buckets` has its requests logged";
  const bucket = (id, options) => {
    const created = new s3.Bucket(stack, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...options,
    });
    acknowledge(created, { "AwsSolutions-S1": loggedByConfiguration });
    return created;
  };
  const kept = { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true }, deletionProtection: false };

  const originals = bucket("Originals", {
    versioned: true,
    lifecycleRules: [
      { noncurrentVersionExpiration: Duration.days(30) },
      // In a versioned bucket, an expired object remains as a noncurrent version.
      { prefix: UPLOADS_PREFIX, expiration: Duration.days(1), noncurrentVersionExpiration: Duration.days(1) },
    ],
  });
  const imagePacks = table("ImagePacks", "entity", { ...kept, stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES });
  const queue = table("InvalidationQueue", "target", kept);
  const variants = bucket("Variants", { lifecycleRules: [{ expiration: Duration.days(CACHED_DAYS_MAX + 90) }] });
  const ledger = table("PurgeLedger", "purge", { ...kept, timeToLiveAttribute: "expiresAt" });
  ledger.addGlobalSecondaryIndex({
    indexName: LEDGER_BY_COMPLETION,
    partitionKey: { name: "tenant", type: STRING },
    sortKey: { name: "completedAt", type: NUMBER },
  });
  const brief = { timeToLiveAttribute: "expiresAt", removalPolicy: RemovalPolicy.DESTROY };
  const renderLocks = table("RenderLocks", "variant", brief);
  acknowledge(renderLocks, { "AwsSolutions-DDB3": "A lock has no value after the request that holds it" });

  new CfnOutput(stack, "ImagePackTable", { value: imagePacks.tableName });
  new CfnOutput(stack, "InvalidationQueueTable", { value: queue.tableName });
  new CfnOutput(stack, "PurgeLedgerTable", { value: ledger.tableName });
  new CfnOutput(stack, "OriginalsBucket", { value: originals.bucketName });
  new CfnOutput(stack, "VariantsBucket", { value: variants.bucketName });
  return { imagePacks, queue, ledger, renderLocks, originals, variants };
}

// The alarms of a stack, and what its dashboard shows of them: graphs, and the metrics of a graph of failures.
class Alarms {
  graphs = [];
  failures = [];

  constructor(stack) {
    this.stack = stack;
    this.topic = new sns.Topic(stack, "AlarmTopic", { enforceSSL: true });
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        actions: ["sns:Publish"],
        principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": stack.account } },
      }),
    );
    const reason = "A queue of emails that were not delivered would have no reader; the alarm's state stays visible";
    acknowledge(this.topic, { "Serverless-SNSRedrivePolicy": reason });
    new CfnOutput(stack, "AlarmTopicArn", { value: this.topic.topicArn });
    this.action = new cloudwatchActions.SnsAction(this.topic);
  }

  raise(id, metric, { description, ...options }) {
    const alarm = new cloudwatch.Alarm(this.stack, id, {
      metric,
      threshold: 1,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      alarmDescription: `${description}. Runbook: docs/runbook.md#${id.toLowerCase()}`,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      ...options,
    });
    alarm.addAlarmAction(this.action);
    alarm.addOkAction(this.action);
  }

  raiseOnFailure(id, metric, options) {
    this.raise(id, metric, options);
    this.failures.push(metric);
  }

  show(title, metric) {
    this.graphs.push(graph(title, [metric]));
  }
}

// So many breaching periods in a row raise an alarm.
const allOf = (periods) => ({ evaluationPeriods: periods, datapointsToAlarm: periods });

// A metric that the functions publish.
function ownMetric(metricName, statistic, minutes) {
  return new cloudwatch.Metric({
    namespace: "ImageCacheInvalidation",
    metricName,
    statistic,
    period: Duration.minutes(minutes),
    dimensionsMap: { environment: ENVIRONMENT },
  });
}

// Declares a function with its log group, role and alias. `wide`: why a resource of a grant has a `*`.
function handler(stack, id, binary, memorySize, seconds, { description, grants, wide, alias, ...options }) {
  const logGroup = newLogGroup(stack, `${id}Log`);
  const assumedBy = new iam.ServicePrincipal("lambda.amazonaws.com");
  const role = new iam.Role(stack, `${id}Role`, { assumedBy, description });
  logGroup.grantWrite(role);
  const created = new lambda.Function(stack, id, {
    code: lambda.Code.fromAsset(`${HANDLERS}/${binary}`),
    handler: "bootstrap",
    runtime: lambda.Runtime.PROVIDED_AL2023,
    architecture: lambda.Architecture.ARM_64,
    description,
    memorySize,
    timeout: Duration.seconds(seconds),
    loggingFormat: lambda.LoggingFormat.JSON,
    logGroup,
    role,
    ...options,
  });
  acknowledge(role, { "AwsSolutions-IAM5": wide });
  acknowledge(created, {
    "Serverless-LambdaDLQ": "The stream's mapping has a destination for failures, requests are synchronous, and the " +
      "next purge run continues a failed one",
    "Serverless-LambdaTracing": "Logs and metrics show the time of each step; a trace would be billed for each",
  });
  const live = new lambda.Alias(stack, `${id}Live`, { aliasName: "live", version: created.currentVersion, ...alias });
  for (const [actions, resources, conditions] of grants) {
    created.addToRolePolicy(new iam.PolicyStatement({ actions, resources, conditions }));
  }
  return { function: created, live };
}

function pipelineStack(stage, { imagePacks, queue, ledger, renderLocks, originals, variants }) {
  const stack = newStack(stage, "pipeline", "Functions, stream, schedule, API and alarms");
  const alarms = new Alarms(stack);

  const deadLetters = new sqs.Queue(stack, "DeadLetters", {
    encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14),
  });
  const reason = "It is the dead-letter queue";
  acknowledge(deadLetters, { "AwsSolutions-SQS3": reason, "Serverless-SQSRedrivePolicy": reason });
  const messages = deadLetters.metricApproximateNumberOfMessagesVisible({ ...FIVE_MINUTES, statistic: "Maximum" });
  alarms.raise("DeadLettersAlarm", messages, {
    description: "The dead-letter queue has messages: changes that could not be processed or purges that failed. " +
      `Within 18 hours: imagecache dead-letters replay --environment ${ENVIRONMENT}`,
    ...allOf(1),
  });
  alarms.show("Dead letters", messages);

  const imagePackAttributes = Object.fromEntries(ATTRIBUTES.map((name) => [name, name]));
  const IMAGE_PACK_ATTRIBUTES = JSON.stringify(imagePackAttributes);
  const packs = { IMAGE_PACK_TABLE: imagePacks.tableName, IMAGE_PACK_ATTRIBUTES };
  const AUTHORIZER = JSON.stringify({ type: "jwt", tenantClaim: "tenants" });
  const purging = {
    ENVIRONMENT,
    INVALIDATION_QUEUE_TABLE: queue.tableName,
    PURGE_LEDGER_TABLE: ledger.tableName,
    VARIANTS_BUCKET: variants.bucketName,
    TENANT_REGISTRY_PATH: REGISTRY,
    SETTLE_DELAY_SECS: `${SETTLE_DELAY_SECS}`,
    CACHED_DAYS_MAX: `${CACHED_DAYS_MAX}`,
    DELETES_VARIANTS_FIRST: "false", EARLY_PURGE_TARGETS_MAX: "10",
    PURGE_QUOTAS: "both",
    CALLS_INTERVAL_MILLIS: "2000", CALLS_BURST: "6", ITEMS_PER_REQUEST_MAX: "500",
    LEDGER_RETENTION_DAYS: "90",
  };
  const distributions = stack.formatArn({
    service: "cloudfront", region: "", resource: "distribution", resourceName: "*",
  });
  const registry = stack.formatArn({ service: "ssm", resource: "parameter", resourceName: `${REGISTRY.slice(1)}/*` });
  const purgeGrants = [
    [
      ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
      [distributions],
      { StringEquals: { [`aws:ResourceTag/${ENVIRONMENT_TAG}`]: ENVIRONMENT } },
    ],
    [["dynamodb:UpdateItem", "dynamodb:PutItem"], [queue.tableArn]],
    [["s3:ListBucket"], [variants.bucketArn]],
    [["s3:DeleteObject"], [variants.arnForObjects("*")]],
    [["dynamodb:PutItem"], [ledger.tableArn]],
  ];
  const allTenants =
    "Tenants are added without this stack: their registrations, variants, and distributions with the environment's tag";

  const invalidation = handler(stack, "ImageInvalidation", "image-invalidation", 512, 240, {
    description: "Purges the targets in the invalidation queue",
    environment: { ...purging, LEASE_SECS: "60", DEAD_LETTER_QUEUE_URL: deadLetters.queueUrl },
    wide: allTenants,
    // The next purge run continues a failed one: a retry or a backlog of invocations has no use.
    alias: { retryAttempts: 0, maxEventAge: Duration.seconds(60) },
    grants: [
      ...purgeGrants,
      [["ssm:GetParameter", "ssm:GetParameters"], [registry]],
      [["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"], [queue.tableArn]],
      [["dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"], [queue.tableArn]],
      [["dynamodb:UpdateItem"], [ledger.tableArn]],
      [["sqs:SendMessage"], [deadLetters.queueArn]],
    ],
  });
  const lossless = "A failed wake-up loses nothing: its rows are in the queue, and the schedule finds them";
  acknowledge(invalidation.live, { "Serverless-LambdaAsyncFailureDestination": lossless });
  alarms.raiseOnFailure("FailedPurgeRunsAlarm", invalidation.function.metricErrors(FIVE_MINUTES), {
    description: "Three purge runs in a row failed: changed images stay stale. Check the log of image-invalidation",
    ...allOf(3),
  });
  const runs = invalidation.function.metricInvocations(FIVE_MINUTES);
  alarms.raise("NoPurgeRunAlarm", runs, {
    description: "No purge run began within three periods: changed images stay stale. Check the schedule, the " +
      "function's concurrency and its throttles",
    ...allOf(3),
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
  });
  alarms.show("Purge runs", runs);
  alarms.raise("ThrottledPurgeRunsAlarm", invalidation.function.metricThrottles(MINUTE), {
    description: "Lambda throttles image-invalidation: changed images stay stale. Check the account's concurrency",
  });
  alarms.raise("OldestEntryAlarm", ownMetric("OldestEntryAge", "Maximum", 5), {
    description: "A change waits for its purge far longer than it should: viewers see an old image. Read the log of " +
      "image-invalidation",
    threshold: 15 * 60 * 1000,
  });
  alarms.raise("ThrottledInvalidationsAlarm", ownMetric("InvalidationsThrottled", "Sum", 5), {
    description: "CloudFront rejects invalidations because of a quota: purges wait. Compare the dashboard's items " +
      "with the quotas of the account",
  });

  const wakeUpGrants = [
    [["lambda:InvokeFunction"], [invalidation.live.functionArn]],
    // For the lease.
    [["dynamodb:GetItem"], [queue.tableArn]],
  ];
  const stream = handler(stack, "ImagePacksStream", "dynamodb-imagepacks-stream", 256, 60, {
    description: "Enqueues a purge for each meaningful change of an image pack",
    environment: {
      INVALIDATION_QUEUE_TABLE: queue.tableName,
      DEAD_LETTER_QUEUE_URL: deadLetters.queueUrl,
      IMAGE_PACK_ATTRIBUTES,
      TENANTS_WITH_EXISTING_DISTRIBUTION: "[]",
      PURGE_RUN_FUNCTION: invalidation.live.functionArn,
    },
    wide: "ListStreams has no resource to narrow it to",
    grants: [
      [["dynamodb:UpdateItem"], [queue.tableArn]],
      ...wakeUpGrants,
      [["sqs:SendMessage"], [deadLetters.queueArn]],
    ],
  });
  const age = stream.function.metric("IteratorAge", { ...MINUTE, statistic: "Maximum" });
  alarms.raise("StreamAgeAlarm", age, {
    description: "The oldest record of the image-pack table's stream is 5 minutes old: changed images are purged " +
      "late. Check the log and the throttles of dynamodb-imagepacks-stream",
    threshold: 5 * 60 * 1000,
  });
  alarms.show("Stream: age of the oldest record", age);

  const purge = handler(stack, "ImagePurge", "image-purge", 512, 29, {
    description: "Serves admins: purges an image pack at once, enqueues purges, or reports their status",
    environment: {
      ...purging,
      ...packs,
      MANUAL_PURGES_PER_MINUTE: "10", MANUAL_PURGES_BURST: "20",
      PURGE_RUN_FUNCTION: invalidation.live.functionArn,
      AUTHORIZER,
    },
    wide: allTenants,
    grants: [
      ...purgeGrants,
      ...wakeUpGrants,
      [["ssm:GetParameter"], [registry]],
      [["dynamodb:BatchGetItem"], [imagePacks.tableArn]],
      [["dynamodb:GetItem", "dynamodb:Query"], [queue.tableArn]],
      [["dynamodb:Query"], [`${ledger.tableArn}/index/${LEDGER_BY_COMPLETION}`]],
      [["dynamodb:Query"], [ledger.tableArn]],
    ],
  });
  alarms.raiseOnFailure("FailedPurgesAlarm", purge.function.metricErrors(MINUTE), {
    description: "image-purge crashed or timed out: a request of an admin failed. Check the log of image-purge",
  });

  const processing = handler(stack, "ImageProcessing", "image-processing", 1769, 15, {
    description: "Serves viewers: reads a variant, or renders it from its original and stores it",
    reservedConcurrentExecutions: 200,
    environment: {
      ...packs,
      ENVIRONMENT,
      ORIGINALS_BUCKET: originals.bucketName, VARIANTS_BUCKET: variants.bucketName,
      TENANT_SOURCE: "header",
      DEMAND_TABLE: "none",
      RENDER_LOCK_TABLE: renderLocks.tableName,
      RENDER_TIMEOUT_SECS: "15", ANSWER_MAX_SECS: "2",
      CACHE_TAG_HEADER,
      CACHED_DAYS_MAX: `${CACHED_DAYS_MAX}`,
      MALLOC_MMAP_THRESHOLD_: "33554432", MALLOC_TRIM_THRESHOLD_: "268435456",
    },
    wide: "One function serves all tenants, which are added without this stack: the objects of both buckets",
    grants: [
      [["dynamodb:BatchGetItem"], [imagePacks.tableArn]],
      [["dynamodb:PutItem", "dynamodb:DeleteItem"], [renderLocks.tableArn]],
      [["s3:GetObjectVersion"], [originals.arnForObjects("*")]],
      [["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [variants.arnForObjects("*")]],
      // Without ListBucket, S3 returns 403 instead of 404 for an object that does not exist.
      [["s3:ListBucket"], [variants.bucketArn, originals.bucketArn]],
    ],
  });
  const url = processing.live.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
  // One permission for every distribution of the account: one for each would exceed the size of a function's policy.
  const cloudFront = { principal: new iam.ServicePrincipal("cloudfront.amazonaws.com"), sourceArn: distributions };
  processing.live.addPermission("DistributionsCallUrl", {
    ...cloudFront,
    action: "lambda:InvokeFunctionUrl",
    functionUrlAuthType: lambda.FunctionUrlAuthType.AWS_IAM,
  });
  processing.live.addPermission("DistributionsInvoke", { ...cloudFront, invokedViaFunctionUrl: true });
  const failed = processing.function.metric("Url5xxCount", { ...MINUTE, statistic: "Sum" });
  alarms.raiseOnFailure("FailedImagesAlarm", failed, {
    description: "image-processing answers requests with 5xx: viewers get an error instead of an image. Check its log",
    threshold: 5,
  });
  alarms.raise("ThrottledImagesAlarm", processing.function.metricThrottles(MINUTE), {
    description: "Lambda throttles image-processing: viewers get an error instead of an image. Check its reserved " +
      "concurrency and the account's",
  });
  alarms.show("Requests to image-processing", processing.function.metricInvocations());

  const management = handler(stack, "ImageManagement", "image-management", 1769, 29, {
    description: "Serves editors: changes image packs, their originals and location configurations",
    environment: { ...packs, ORIGINALS_BUCKET: originals.bucketName, AUTHORIZER, FETCH_CONTACT: "none" },
    wide: "One function serves all tenants, which are added without this stack: the objects of the originals bucket",
    grants: [
      [["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"], [imagePacks.tableArn]],
      [["s3:PutObject", "s3:DeleteObject"], [originals.arnForObjects("*")]],
      [["s3:GetObject"], [originals.arnForObjects(`${UPLOADS_PREFIX}*`)]],
      [["s3:ListBucket"], [originals.bucketArn]],
    ],
  });
  alarms.raiseOnFailure("FailedEditsAlarm", management.function.metricErrors(MINUTE), {
    description: "image-management crashed or timed out: a request of an editor failed. Check the " +
      "log of image-management",
  });

  const api = new apigw.HttpApi(stack, "AdminApi", {
    createDefaultStage: false,
    // A caller of the custom domain must not find a way around it.
    disableExecuteApiEndpoint: true,
    description: "Purges and edits of images",
  });
  const source = new sources.DynamoEventSource(imagePacks, {
    // LATEST can miss records while the mapping is created or changed.
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    batchSize: 100, maxBatchingWindow: Duration.seconds(0),
    reportBatchItemFailures: true, bisectBatchOnError: true,
    maxRecordAge: Duration.seconds(21_600),
    onFailure: new sources.SqsDlq(deadLetters),
  });
  stream.live.addEventSource(source);
  const schedule = scheduleFor(stack, invalidation.live);
  route(stack, api, purge.live, management.live);
  publish(stack, api);
  alarms.raiseOnFailure("FailedRequestsAlarm", api.metricServerError({ ...MINUTE, statistic: "Sum" }), {
    description: "The API answers requests of admins and editors with 5xx. Check the logs of image-purge and " +
      "image-management, and their throttles",
  });

  dashboard(stack, [invalidation.function, purge.function], alarms);
  new ssm.StringParameter(stack, "Recovery", {
    parameterName: `/${ENVIRONMENT}-lof/images/recovery`,
    description: "Names of the resources, for the operators' command line",
    stringValue: JSON.stringify({
      imagePackTable: imagePacks.tableName, imagePackStreamArn: imagePacks.tableStreamArn,
      imagePackAttributes,
      tenantsWithExistingDistribution: [],
      invalidationQueueTable: queue.tableName, purgeLedgerTable: ledger.tableName,
      variantsBucket: variants.bucketName, originalsBucket: originals.bucketName,
      renderLockTable: renderLocks.tableName,
      deadLetterQueueUrl: deadLetters.queueUrl,
      settleDelaySecs: SETTLE_DELAY_SECS,
      purgedWithinSecs: SETTLE_DELAY_SECS + PURGE_EVERY_MINUTES * 60 + 120,
      imageInvalidationArn: invalidation.live.functionArn,
      imageProcessingArn: processing.live.functionArn,
      cacheTagHeader: CACHE_TAG_HEADER, viewerDomain: DOMAIN,
      streamMappingId: source.eventSourceMappingId, scheduleName: schedule.scheduleName,
      alarmTopicArns: [alarms.topic.topicArn],
    }),
  });
  new CfnOutput(stack, "DeadLetterQueueUrl", { value: deadLetters.queueUrl });
  // AWS documents no reference to another stack inside `Fn::Split`, so the host is split off here.
  new CfnOutput(stack, "ImageProcessingHost", { value: Fn.select(2, Fn.split("/", url.url)) });
  return stack;
}

// The role is declared here: the one that the CDK creates may also invoke every version of the function.
function scheduleFor(stack, live) {
  const description = "Purges the targets in the invalidation queue";
  const group = stack.formatArn({ service: "scheduler", resource: "schedule-group", resourceName: "default" });
  const conditions = { StringEquals: { "aws:SourceAccount": stack.account, "aws:SourceArn": group } };
  const assumedBy = new iam.ServicePrincipal("scheduler.amazonaws.com", { conditions });
  const role = new iam.Role(stack, "InvalidationScheduleRole", { assumedBy, description });
  role.addToPolicy(new iam.PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [live.functionArn] }));
  return new scheduler.Schedule(stack, "InvalidationSchedule", {
    schedule: scheduler.ScheduleExpression.rate(Duration.minutes(PURGE_EVERY_MINUTES)),
    target: new schedulerTargets.LambdaInvoke(live, { retryAttempts: 0, role: role.withoutPolicyUpdates() }),
    description,
  });
}

function route(stack, api, purge, management) {
  const jwtAudience = ["image-service-admin"];
  const authorizer = new authorizers.HttpJwtAuthorizer("AdminToken", "https://login.vmnd.tv/", { jwtAudience });
  const addRoutes = (integration, scope, routes) => {
    for (const [path, methods] of Object.entries(routes)) {
      api.addRoutes({ path, methods, integration, authorizer, authorizationScopes: [scope] });
    }
  };
  const { GET, POST, PUT, PATCH, DELETE } = apigw.HttpMethod;
  addRoutes(new integrations.HttpLambdaIntegration("Purge", purge), "images:purge", {
    "/images/{tenant}/{imagePackId}": [DELETE, GET],
    "/purges/{tenant}": [POST, GET],
    "/openapi.json": [GET],
  });
  // Each route would add a permission to the function, and together they would come near Lambda's limit of 20 KB for a
  // policy. The routes therefore refer to an import without permissions, and one permission covers them all.
  const attributes = { functionArn: management.functionArn, sameEnvironment: false, skipPermissions: true };
  const target = lambda.Function.fromFunctionAttributes(stack, "ImageManagementTarget", attributes);
  const pack = "/adminAPI/imagePacks/{imagePackId}";
  const image = `${pack}/imageLocations/{location}`;
  addRoutes(new integrations.HttpLambdaIntegration("Management", target), "images:manage", {
    "/adminAPI/imagePacks": [GET, POST],
    [pack]: [GET, PATCH, DELETE],
    [image]: [DELETE],
    [`${image}/crop`]: [PUT, DELETE],
    [`${image}/original`]: [PUT],
    [`${image}/uploads`]: [POST],
    [`${image}/uploads/{uploadId}/confirm`]: [POST],
    [`${image}/fetchImage`]: [POST],
    "/adminAPI/imageLocationConfig/{name}": [GET, PUT],
  });
  management.addPermission("AdminApi", {
    principal: new iam.ServicePrincipal("apigateway.amazonaws.com"),
    sourceArn: api.arnForExecuteApi("*", "/adminAPI/*"),
  });
}

// Declares the stage of the API, with its log and its domain.
function publish(stack, httpApi) {
  const stageName = `${ENVIRONMENT}-lof`;
  const throttle = { rateLimit: 20, burstLimit: 40 };
  const stage = new apigw.HttpStage(stack, "AdminStage", { httpApi, stageName, autoDeploy: true, throttle });
  // On the L1 construct, as in Rust and Python: the L2 construct takes an implementation of an interface.
  stage.node.defaultChild.accessLogSettings = {
    destinationArn: newLogGroup(stack, "AdminApiLog").logGroupArn,
    format: JSON.stringify({
      time: "$context.requestTime",
      request_id: "$context.requestId",
      function_request_id: "$context.integration.requestId",
      address: "$context.identity.sourceIp",
      route: "$context.routeKey", path: "$context.path",
      status: "$context.status", bytes: "$context.responseLength", millis: "$context.responseLatency",
      authorizer_error: "$context.authorizer.error",
      integration_error: "$context.integrationErrorMessage",
    }),
  };
  const domainName = "manage.api.eu-west-1.vmnd.tv";
  const mapped = { apiId: httpApi.apiId, domainName, stage: stage.stageName, apiMappingKey: stageName };
  const mapping = new apigw.CfnApiMapping(stack, "UnifiedApi", mapped);
  // The mapping names the stage, which CloudFormation does not take for a reference: it would create both at once.
  mapping.node.addDependency(stage);
  new CfnOutput(stack, "AdminApiUrl", { value: `https://${domainName}/${stageName}` });
}

function graph(title, left, options) {
  return new cloudwatch.GraphWidget({ title, left, width: 12, ...options });
}

// Declares the dashboard. `purging` are the functions whose logs have the tenants' measurements.
function dashboard(stack, purging, alarms) {
  const region = "us-east-1";
  const period = Duration.days(1);
  // The label is set here and not in `ownMetric`: an alarm on a labelled metric would become one of metric math.
  const own = (name, statistic, minutes = 1) =>
    ownMetric(name, statistic, minutes).with({ label: `${name} ${statistic}` });
  const price = new cloudwatch.MathExpression({
    expression: "price / 1000000",
    usingMetrics: { price: ownMetric("EstimatedPrice", "Sum", period.toMinutes()) },
    label: "US$",
    period,
  });
  const errors = new cloudwatch.MathExpression({
    expression: "SEARCH('{AWS/CloudFront,DistributionId,Region} MetricName=\"5xxErrorRate\"', 'Average', 300)",
    searchRegion: region,
    label: "",
  });
  const board = new cloudwatch.Dashboard(stack, "Dashboard");
  board.addWidgets(
    new cloudwatch.SingleValueWidget({
      title: "Price today (UTC), by list price", metrics: [price], width: 6, fullPrecision: true,
    }),
    new cloudwatch.LogQueryWidget({
      title: "Tenants with the most items",
      logGroupNames: purging.map((function_) => function_.logGroup.logGroupName),
      queryLines: [
        "filter ispresent(Items)",
        "stats sum(Items) as items, sum(Wildcards) as wildcards, sum(EstimatedPrice) / 1000000 as usd by tenant",
        "sort items desc", "limit 10",
      ],
      width: 18,
    }),
  );
  board.addWidgets(
    graph("From a change to the new image, in ms", [own("WriteToFresh", "p50"), own("WriteToFresh", "p95")]),
    graph("Queue: rows, and age of the oldest in ms", [own("QueueDepth", "Maximum", 5)], {
      right: [own("OldestEntryAge", "Maximum", 5)],
    }),
    graph("Items and wildcards a minute, and the account's quotas", [own("Items", "Sum")], {
      leftAnnotations: [{ value: 9000, label: "quota of items" }],
      right: [own("Wildcards", "Sum")],
      rightAnnotations: [{ value: 60, label: "quota of wildcards" }],
    }),
    graph("Share of a distribution's quotas in progress, in percent; calls rejected", [own("QuotaUse", "Maximum", 5)], {
      leftAnnotations: [{ value: 100, label: "quota" }],
      right: [own("InvalidationsThrottled", "Sum"), own("PurgesRejected", "Sum")],
    }),
    graph("Variants", [own("VariantsRendered", "Sum"), own("VariantsDeleted", "Sum"), own("RequestsCoalesced", "Sum")]),
    graph("CloudFront: 5xx of each distribution, in percent", [errors], { region }),
    ...alarms.graphs,
    graph("Failures", alarms.failures),
  );
}

function edgeStack(stage) {
  const stack = newStack(stage, "edge-1", "Policies that the distributions of up to 100 tenants share");
  return {
    // No other query parameter may create another cache entry.
    cachePolicy: new cloudfront.CachePolicy(stack, "CachePolicy", {
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.allowList("location", "date"),
      minTtl: Duration.seconds(0), defaultTtl: Duration.seconds(0), maxTtl: Duration.days(CACHED_DAYS_MAX),
    }),
    responseHeadersPolicy: new cloudfront.ResponseHeadersPolicy(stack, "ResponseHeaders", {
      comment: `Strips cache tags and adds security headers (${ENVIRONMENT})`,
      removeHeaders: [CACHE_TAG_HEADER],
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
  const stack = newStack(stage, `tenant-${tenant}`, `The distribution of ${tenant} and its registration`);
  Tags.of(stack).add("image-service-tenant", tenant);
  // A distribution names an output of this stack, which the CDK takes for no reference.
  stack.addStackDependency(pipeline);
  const host = `${tenant}.${DOMAIN}`;
  const scope = new Construct(stack, "Distribution");
  acknowledge(scope, {
    "AwsSolutions-CFR1": "Viewers of every country see the images",
    "AwsSolutions-CFR2": "`viewer.requests_per_address` adds a limit by AWS WAF, which is billed",
    "AwsSolutions-CFR3": "`logs.distributions` has the requests logged, with the addresses of viewers",
  });
  // The `Cache-Control` of image-processing decides, instead of CloudFront's default of 10 seconds.
  const uncached = [404, 405, 414, 500, 501, 502, 503, 504];
  // The L2 construct has no header of cache tags.
  const distribution = new cloudfront.CfnDistribution(scope, "Resource", {
    distributionConfig: {
      defaultCacheBehavior: {
        targetOriginId: "image-processing",
        viewerProtocolPolicy: "redirect-to-https",
        cachePolicyId: edge.cachePolicy.cachePolicyId,
        responseHeadersPolicyId: edge.responseHeadersPolicy.responseHeadersPolicyId,
        compress: false,
      },
      enabled: true,
      ipv6Enabled: true,
      aliases: [host],
      comment: `Images of ${tenant} (${ENVIRONMENT})`,
      origins: [
        {
          id: "image-processing",
          domainName: Fn.getStackOutput(pipeline.stackName, "ImageProcessingHost"),
          originAccessControlId: edge.access.originAccessControlId,
          originCustomHeaders: [{ headerName: "x-image-tenant", headerValue: tenant }],
          customOriginConfig: {
            originProtocolPolicy: "https-only", originSslProtocols: ["TLSv1.2"], originReadTimeout: 16,
          },
        },
      ],
      cacheTagConfig: { headerName: CACHE_TAG_HEADER },
      viewerCertificate: {
        acmCertificateArn: CERTIFICATE, sslSupportMethod: "sni-only", minimumProtocolVersion: "TLSv1.2_2025",
      },
      customErrorResponses: uncached.map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 })),
      httpVersion: "http2and3",
    },
  });
  const { ref: distributionId, attrDomainName: domainName } = distribution;
  const attributes = { distributionId, domainName };
  const aliasTarget = cloudfront.Distribution.fromDistributionAttributes(stack, "AliasTarget", attributes);
  const zone = route53.HostedZone.fromHostedZoneAttributes(stack, "Zone", ZONE);
  const target = route53.RecordTarget.fromAlias(new route53Targets.CloudFrontTarget(aliasTarget));
  // A trailing dot makes the name absolute.
  new route53.ARecord(stack, "Alias", { zone, target, recordName: `${host}.` });
  new route53.AaaaRecord(stack, "AliasIpv6", { zone, target, recordName: `${host}.` });
  new ssm.StringParameter(stack, "Registration", {
    parameterName: `${REGISTRY}/${tenant}`,
    description: `The distribution of ${tenant}`,
    stringValue: JSON.stringify({ distributionId, cacheTags: true }),
  });
  new CfnOutput(stack, "DistributionId", { value: distributionId });
  new CfnOutput(stack, "ViewerUrl", { value: `https://${host}/api/v2/img/` });
}

// The synthesis fails when CloudFormation's validation of a template does.
const app = new App({
  postCliContext: { "@aws-cdk/core:appMode": "inmemory", "@aws-cdk/core:failSynthOnValidationErrors": true },
});
const stage = new Stage(app, ENVIRONMENT, { env: { region: "eu-west-1", account: "123456789012" } });
Tags.of(stage).add(ENVIRONMENT_TAG, ENVIRONMENT);
const pipeline = pipelineStack(stage, dataStack(stage));
const edge = edgeStack(stage);
for (const tenant of ["acme", "globex"]) {
  tenantStack(stage, tenant, pipeline, edge);
}
app.synth();
