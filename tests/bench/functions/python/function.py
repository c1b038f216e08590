"""The Lambda functions, as they would be written with boto3, on a minimal client of Lambda's runtime API.

The first argument names the function. Each builds the clients of the services that its Rust counterpart calls when it
starts, as AWS recommends, and makes the same calls for the benchmark's events.
"""

import http.client
import json
import logging
import os
import sys
import time
from datetime import datetime, timezone

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

SERVICES = {
    "dynamodb-imagepacks-stream": ["dynamodb", "sqs", "lambda"],
    "image-invalidation": ["dynamodb", "s3", "cloudfront", "ssm", "sqs"],
    "image-management": ["dynamodb", "s3"],
    "image-processing": ["dynamodb", "s3"],
    "image-purge": ["dynamodb", "s3", "cloudfront", "ssm", "lambda"],
    "image-warming": ["dynamodb"],
    "purge-events": ["events"],
}

logging.basicConfig(level=logging.INFO, format='{"level":"%(levelname)s","message":"%(message)s"}')
log = logging.getLogger("function")
log.setLevel(logging.INFO)
logging.getLogger("botocore").setLevel(logging.WARNING)
read_value = TypeDeserializer().deserialize


def response(status, code):
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"error": code}), "isBase64Encoded": False}


def reason_of(record):
    """The reason why a record is meaningful, or None."""
    change = record["dynamodb"]
    images = [
        {name: read_value(value) for name, value in change.get(image, {}).items()} for image in ("OldImage", "NewImage")
    ]
    old, new = images
    if not old.get("imageLocations"):
        return None
    if not new:
        return "pack-removed"
    if old.get("imageLocations") != new.get("imageLocations"):
        return "image-locations-changed"
    if old.get("mainImageLocation") != new.get("mainImageLocation"):
        return "main-image-location-changed"
    return None


def stream(event, request_id):
    now = int(time.time() * 1000)
    upserts = {}
    for record in event["Records"]:
        keys = record["dynamodb"]["Keys"]
        tenant, target = keys["tenant"]["S"], keys["entity"]["S"]
        if not target.startswith(("pack#", "location#")):
            continue
        reason = reason_of(record)
        if reason is None:
            continue
        written_at = int(record["dynamodb"]["ApproximateCreationDateTime"] * 1000)
        upsert = upserts.setdefault((tenant, target), {"first": written_at, "last": now, "changes": 0, "reasons": set()})
        upsert["version"] = record["dynamodb"]["SequenceNumber"] + "@" + request_id
        upsert["first"] = min(upsert["first"], written_at)
        upsert["last"] = max(upsert["last"], written_at)
        upsert["changes"] += 1
        upsert["reasons"].add(reason)
    log.info("Writing %d targets to the queue.", len(upserts))
    for (tenant, target), upsert in upserts.items():
        clients["dynamodb"].update_item(
            TableName=os.environ["INVALIDATION_QUEUE_TABLE"],
            Key={"tenant": {"S": tenant}, "target": {"S": target}},
            UpdateExpression="SET version = :version, lastEventAt = :last, firstEventAt = if_not_exists(firstEventAt, :first) "
            "ADD changes :changes, reasons :reasons, requestedBy :requesters",
            ConditionExpression="attribute_not_exists(lastEventAt) OR lastEventAt <= :last",
            ExpressionAttributeValues={
                ":version": {"S": upsert["version"]},
                ":last": {"N": str(upsert["last"])},
                ":first": {"N": str(upsert["first"])},
                ":changes": {"N": str(upsert["changes"])},
                ":reasons": {"SS": sorted(upsert["reasons"])},
                ":requesters": {"SS": ["stream"]},
            },
            ReturnValues="ALL_NEW",
        )
    return {"batchItemFailures": []}


def invalidation(event, request_id):
    now = int(time.time() * 1000)
    clients["dynamodb"].update_item(
        TableName=os.environ["INVALIDATION_QUEUE_TABLE"],
        Key={"tenant": {"S": "#wake-up"}, "target": {"S": "image-invalidation"}},
        UpdateExpression="REMOVE invokedAt",
    )
    try:
        clients["dynamodb"].update_item(
            TableName=os.environ["INVALIDATION_QUEUE_TABLE"],
            Key={"tenant": {"S": "#lease"}, "target": {"S": "image-invalidation"}},
            UpdateExpression="SET leaseOwner = :owner, leaseExpiresAt = :expires ADD leaseToken :one",
            ConditionExpression="attribute_not_exists(leaseExpiresAt) OR leaseExpiresAt <= :now OR leaseOwner = :owner",
            ExpressionAttributeValues={
                ":owner": {"S": request_id},
                ":expires": {"N": str(now + 60_000)},
                ":now": {"N": str(now)},
                ":one": {"N": "1"},
            },
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        log.info("Another purge run has the lease.")
        return {"isLeasedElsewhere": True}
    raise RuntimeError("the benchmark's DynamoDB never grants the lease")


def find_pack(tenant, pack):
    found = clients["dynamodb"].get_item(
        TableName=os.environ["IMAGE_PACK_TABLE"],
        Key={"tenant": {"S": tenant}, "entity": {"S": "pack#" + pack}},
        ConsistentRead=True,
    )
    return found.get("Item")


def processing(event, _request_id):
    path = event["rawPath"]
    if not path.startswith("/api/v2/img/"):
        return response(404, "unknown-path")
    tenant = event["requestContext"]["domainName"].split(".")[0]
    return response(500 if find_pack(tenant, path.removeprefix("/api/v2/img/")) else 404, "unknown-pack")


def management(event, _request_id):
    parts = event["rawPath"].strip("/").split("/")
    if "adminAPI" not in parts:
        return response(404, "unknown-path")
    return response(500 if find_pack("acme", parts[-1]) else 404, "unknown-pack")


def purge(event, _request_id):
    if "tenant" not in (event.get("pathParameters") or {}):
        return response(400, "invalid-request")
    name = os.environ["TENANT_REGISTRY_PATH"] + "/" + event["pathParameters"]["tenant"]
    try:
        clients["ssm"].get_parameter(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return response(404, "unknown-tenant")
    raise RuntimeError("the benchmark registers no tenant")


def warming(event, _request_id):
    if (event["source"], event["detail-type"]) != ("image-service", "Purge Completed"):
        raise ValueError("the event is another one")
    detail = event["detail"]
    if not (detail["isFinal"] and detail["target"].startswith("pack#")):
        return None
    table = os.environ["IMAGE_PACK_TABLE"]
    key = {"tenant": {"S": detail["tenant"]}, "entity": {"S": detail["target"]}}
    found = clients["dynamodb"].batch_get_item(RequestItems={table: {"Keys": [key], "ConsistentRead": True}})
    if not found["Responses"].get(table):
        return None
    raise RuntimeError("the benchmark has no pack")


def text_of(millis):
    return datetime.fromtimestamp(int(millis) / 1000, timezone.utc).isoformat().replace("+00:00", "Z")


def completed_purge(record):
    """The sequence number and the event of the purge that a record completes, or None."""
    change = record["dynamodb"]
    old, new = [
        {name: read_value(value) for name, value in change.get(image, {}).items()} for image in ("OldImage", "NewImage")
    ]
    if "completedAt" not in new or "completedAt" in old:
        return None
    event = {
        "environment": os.environ["ENVIRONMENT"],
        "tenant": new["tenant"],
        "purge": new["purge"],
        "target": new["target"],
        "isFinal": new["isFinal"],
        "reasons": sorted(new["reasons"]),
        "firstEventAt": text_of(new["firstEventAt"]),
        "enqueuedAt": text_of(new["enqueuedAt"]),
        "startedAt": text_of(new["startedAt"]),
        "completedAt": text_of(new["completedAt"]),
        "distributionId": new["distributionId"],
        "invalidationId": new.get("invalidationId"),
        "correlationId": new["version"],
    }
    return change["SequenceNumber"], int(new["completedAt"]) / 1000, event


def purge_events(event, _request_id):
    purges = [purge for purge in map(completed_purge, event["Records"]) if purge is not None]
    for first in range(0, len(purges), 10):
        batch = purges[first : first + 10]
        entries = [
            {
                "EventBusName": os.environ["EVENT_BUS"],
                "Source": "image-service",
                "DetailType": "Purge Completed",
                "Time": datetime.fromtimestamp(completed_at, timezone.utc),
                "Detail": json.dumps(detail),
            }
            for _, completed_at, detail in batch
        ]
        results = clients["events"].put_events(Entries=entries)["Entries"]
        for (sequence, _, detail), result in zip(batch, results):
            if "ErrorCode" in result:
                log.warning("The event of %s is not published yet.", detail["purge"])
                return {"batchItemFailures": [{"itemIdentifier": sequence}]}
            log.info("The event of %s is published.", detail["purge"])
    return {"batchItemFailures": []}


HANDLERS = {
    "dynamodb-imagepacks-stream": stream,
    "image-invalidation": invalidation,
    "image-management": management,
    "image-processing": processing,
    "image-purge": purge,
    "image-warming": warming,
    "purge-events": purge_events,
}

name = sys.argv[1]
clients = {service: boto3.client(service) for service in SERVICES[name]}
handle = HANDLERS[name]

runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    runtime.request("GET", "/2018-06-01/runtime/invocation/next")
    invocation = runtime.getresponse()
    request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    result = handle(json.loads(invocation.read()), request_id)
    runtime.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", json.dumps(result))
    runtime.getresponse().read()
