// The Lambda functions, as they would be written with version 3 of the AWS SDK for JavaScript, on a minimal client of
// Lambda's runtime API.
//
// The first argument names the function. Each builds the clients of the services that its Rust counterpart calls when it
// starts, as AWS recommends, and makes the same calls for the benchmark's events.
import http from "node:http";
import { isDeepStrictEqual } from "node:util";

const SERVICES = {
  "dynamodb-imagepacks-stream": ["dynamodb", "sqs", "lambda"],
  "image-invalidation": ["dynamodb", "s3", "cloudfront", "ssm", "sqs"],
  "image-management": ["dynamodb", "s3"],
  "image-processing": ["dynamodb", "s3"],
  "image-purge": ["dynamodb", "s3", "cloudfront", "ssm", "lambda"],
  "image-warming": ["dynamodb"],
  "purge-events": ["eventbridge"],
};
const CLIENTS = {
  cloudfront: "CloudFrontClient",
  dynamodb: "DynamoDBClient",
  eventbridge: "EventBridgeClient",
  lambda: "LambdaClient",
  s3: "S3Client",
  sqs: "SQSClient",
  ssm: "SSMClient",
};
const { env } = process;
const name = process.argv[2];

const clients = {};
const sdk = {};
for (const service of SERVICES[name]) {
  const module = await import(`@aws-sdk/client-${service}`);
  clients[service] = new module[CLIENTS[service]]({});
  Object.assign(sdk, module);
}

const log = (level, message) => console.log(JSON.stringify({ level, message, timestamp: new Date().toISOString() }));

const response = (statusCode, error) => ({
  statusCode,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify({ error }),
  isBase64Encoded: false,
});

/** The reason why a record is meaningful, or null. */
function reasonOf({ dynamodb: { OldImage: old = {}, NewImage: next } }) {
  if (!old.imageLocations?.M || Object.keys(old.imageLocations.M).length === 0) return null;
  if (!next) return "pack-removed";
  if (!isDeepStrictEqual(old.imageLocations, next.imageLocations)) return "image-locations-changed";
  if (!isDeepStrictEqual(old.mainImageLocation, next.mainImageLocation)) return "main-image-location-changed";
  return null;
}

async function stream(event, requestId) {
  const now = Date.now();
  const upserts = new Map();
  for (const record of event.Records) {
    const { Keys: keys, SequenceNumber: sequence, ApproximateCreationDateTime: seconds } = record.dynamodb;
    const [tenant, target] = [keys.tenant.S, keys.entity.S];
    if (!target.startsWith("pack#") && !target.startsWith("location#")) continue;
    const reason = reasonOf(record);
    if (reason === null) continue;
    const writtenAt = Math.trunc(seconds * 1000);
    const key = `${tenant}/${target}`;
    const upsert = upserts.get(key) ?? { tenant, target, first: writtenAt, last: now, changes: 0, reasons: new Set() };
    upsert.version = `${sequence}@${requestId}`;
    upsert.first = Math.min(upsert.first, writtenAt);
    upsert.last = Math.max(upsert.last, writtenAt);
    upsert.changes += 1;
    upsert.reasons.add(reason);
    upserts.set(key, upsert);
  }
  log("INFO", `Writing ${upserts.size} targets to the queue.`);
  for (const { tenant, target, version, first, last, changes, reasons } of upserts.values()) {
    await clients.dynamodb.send(
      new sdk.UpdateItemCommand({
        TableName: env.INVALIDATION_QUEUE_TABLE,
        Key: { tenant: { S: tenant }, target: { S: target } },
        UpdateExpression:
          "SET version = :version, lastEventAt = :last, firstEventAt = if_not_exists(firstEventAt, :first) " +
          "ADD changes :changes, reasons :reasons, requestedBy :requesters",
        ConditionExpression: "attribute_not_exists(lastEventAt) OR lastEventAt <= :last",
        ExpressionAttributeValues: {
          ":version": { S: version },
          ":last": { N: String(last) },
          ":first": { N: String(first) },
          ":changes": { N: String(changes) },
          ":reasons": { SS: [...reasons].sort() },
          ":requesters": { SS: ["stream"] },
        },
        ReturnValues: "ALL_NEW",
      }),
    );
  }
  return { batchItemFailures: [] };
}

async function invalidation(event, requestId) {
  const now = Date.now();
  await clients.dynamodb.send(
    new sdk.UpdateItemCommand({
      TableName: env.INVALIDATION_QUEUE_TABLE,
      Key: { tenant: { S: "#wake-up" }, target: { S: "image-invalidation" } },
      UpdateExpression: "REMOVE invokedAt",
    }),
  );
  try {
    await clients.dynamodb.send(
      new sdk.UpdateItemCommand({
        TableName: env.INVALIDATION_QUEUE_TABLE,
        Key: { tenant: { S: "#lease" }, target: { S: "image-invalidation" } },
        UpdateExpression: "SET leaseOwner = :owner, leaseExpiresAt = :expires ADD leaseToken :one",
        ConditionExpression:
          "attribute_not_exists(leaseExpiresAt) OR leaseExpiresAt <= :now OR leaseOwner = :owner",
        ExpressionAttributeValues: {
          ":owner": { S: requestId },
          ":expires": { N: String(now + 60_000) },
          ":now": { N: String(now) },
          ":one": { N: "1" },
        },
        ReturnValues: "ALL_NEW",
      }),
    );
  } catch (error) {
    if (error.name !== "ConditionalCheckFailedException") throw error;
    log("INFO", "Another purge run has the lease.");
    return { isLeasedElsewhere: true };
  }
  throw new Error("the benchmark's DynamoDB never grants the lease");
}

async function findPack(tenant, pack) {
  const found = await clients.dynamodb.send(
    new sdk.GetItemCommand({
      TableName: env.IMAGE_PACK_TABLE,
      Key: { tenant: { S: tenant }, entity: { S: `pack#${pack}` } },
      ConsistentRead: true,
    }),
  );
  return found.Item;
}

async function processing({ rawPath, requestContext }) {
  if (!rawPath.startsWith("/api/v2/img/")) return response(404, "unknown-path");
  const tenant = requestContext.domainName.split(".")[0];
  const pack = await findPack(tenant, rawPath.slice("/api/v2/img/".length));
  return response(pack ? 500 : 404, "unknown-pack");
}

async function management({ rawPath }) {
  const parts = rawPath.split("/");
  if (!parts.includes("adminAPI")) return response(404, "unknown-path");
  return response((await findPack("acme", parts.at(-1))) ? 500 : 404, "unknown-pack");
}

async function purge({ pathParameters }) {
  if (!pathParameters?.tenant) return response(400, "invalid-request");
  try {
    await clients.ssm.send(
      new sdk.GetParameterCommand({ Name: `${env.TENANT_REGISTRY_PATH}/${pathParameters.tenant}` }),
    );
  } catch (error) {
    if (error.name !== "ParameterNotFound") throw error;
    return response(404, "unknown-tenant");
  }
  throw new Error("the benchmark registers no tenant");
}

async function warming({ source, "detail-type": type, detail }) {
  if (source !== "image-service" || type !== "Purge Completed") throw new Error("the event is another one");
  if (!detail.isFinal || !detail.target.startsWith("pack#")) return null;
  const key = { tenant: { S: detail.tenant }, entity: { S: detail.target } };
  const found = await clients.dynamodb.send(
    new sdk.BatchGetItemCommand({ RequestItems: { [env.IMAGE_PACK_TABLE]: { Keys: [key], ConsistentRead: true } } }),
  );
  if (!found.Responses?.[env.IMAGE_PACK_TABLE]?.length) return null;
  throw new Error("the benchmark has no pack");
}

/** The sequence number and the event of the purge that a record completes, or null. */
function completedPurge({ dynamodb: { OldImage: old = {}, NewImage: row = {}, SequenceNumber: sequence } }) {
  if (!row.completedAt || old.completedAt) return null;
  const time = ({ N: millis }) => new Date(Number(millis));
  const event = {
    environment: env.ENVIRONMENT,
    tenant: row.tenant.S,
    purge: row.purge.S,
    target: row.target.S,
    isFinal: row.isFinal.BOOL,
    reasons: row.reasons.L.map(({ S: reason }) => reason).sort(),
    firstEventAt: time(row.firstEventAt),
    enqueuedAt: time(row.enqueuedAt),
    startedAt: time(row.startedAt),
    completedAt: time(row.completedAt),
    distributionId: row.distributionId.S,
    invalidationId: row.invalidationId?.S ?? null,
    correlationId: row.version.S,
  };
  return { sequence, event };
}

async function purgeEvents(event) {
  const purges = event.Records.map(completedPurge).filter((purge) => purge !== null);
  for (let first = 0; first < purges.length; first += 10) {
    const batch = purges.slice(first, first + 10);
    const published = await clients.eventbridge.send(
      new sdk.PutEventsCommand({
        Entries: batch.map(({ event: detail }) => ({
          EventBusName: env.EVENT_BUS,
          Source: "image-service",
          DetailType: "Purge Completed",
          Time: detail.completedAt,
          Detail: JSON.stringify(detail),
        })),
      }),
    );
    for (const [index, { sequence, event: detail }] of batch.entries()) {
      if (published.Entries[index].ErrorCode) {
        log("WARN", `The event of ${detail.purge} is not published yet.`);
        return { batchItemFailures: [{ itemIdentifier: sequence }] };
      }
      log("INFO", `The event of ${detail.purge} is published.`);
    }
  }
  return { batchItemFailures: [] };
}

const HANDLERS = {
  "dynamodb-imagepacks-stream": stream,
  "image-invalidation": invalidation,
  "image-management": management,
  "image-processing": processing,
  "image-purge": purge,
  "image-warming": warming,
  "purge-events": purgeEvents,
};

const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/invocation/${path}` });
    request.on("error", reject);
    request.on("response", (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve({ headers: incoming.headers, body: Buffer.concat(chunks) }));
    });
    request.end(body);
  });

const handle = HANDLERS[name];
for (;;) {
  const { headers, body } = await call("GET", "next");
  const requestId = headers["lambda-runtime-aws-request-id"];
  const result = await handle(JSON.parse(body), requestId);
  await call("POST", `${requestId}/response`, JSON.stringify(result));
}
