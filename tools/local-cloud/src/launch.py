"""Starts MiniStack as `python -m ministack` does, with what its CloudFormation lacks.

MiniStack has the API of connection groups and distribution tenants. Its CloudFormation does not know their types, and its
IAM does not know the ARN of a distribution tenant. Its alarms have a metric and no query, and it looks for the output of
another stack in the region of the reference only.
"""

import re
import runpy
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from hypercorn.config import Config
from ministack.core import iam_actions, responses
from ministack.services import cloudfront
from ministack.services.cloudformation import engine, provisioners

# TLS would enable HTTP/2: under many concurrent requests its server loses streams, and a function then waits for a
# response without end.
Config.alpn_protocols = ['http/1.1']

TENANT = '/2020-05-31/distribution-tenant/'
resource_arn = iam_actions.extract_resource_arn


def resource_arn_with_tenants(service, method, path, headers, body, query_params, region, account_id):
    if service == 'cloudfront' and path.startswith(TENANT):
        return f'arn:aws:cloudfront::{account_id}:distribution-tenant/{path[len(TENANT):].split("/")[0]}'
    return resource_arn(service, method, path, headers, body, query_params, region, account_id)


iam_actions.extract_resource_arn = resource_arn_with_tenants


def created(call, kind, properties, lists):
    """Calls the API with the properties of a template, as XML. A rejection makes the stack roll back."""
    request = Element(kind)
    for name, value in properties.items():
        if name == 'Tags':
            items = SubElement(SubElement(request, 'Tags'), 'Items')
            for tag in value:
                fill(SubElement(items, 'Tag'), tag)
        elif name in lists:
            block = SubElement(request, name)
            for member in value:
                fill(SubElement(block, 'member'), {lists[name]: member} if lists[name] else member)
        else:
            fill(request, {name: value})
    status, _, body = call(tostring(request))
    body = body if isinstance(body, bytes) else body.encode()
    if status != 201:
        raise ValueError(f'{kind}: {body.decode()}')
    response = fromstring(body)
    for element in response.iter():
        element.tag = element.tag.split('}')[-1]
    return {child.tag: child.text for child in response}


def fill(parent, values):
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        SubElement(parent, name).text = text


def create_group(logical_id, properties, stack_name):
    group = created(cloudfront._create_connection_group, 'ConnectionGroup', properties, {})
    return group['Id'], {name: group[name] for name in ('Id', 'Arn', 'RoutingEndpoint')}


def create_tenant(logical_id, properties, stack_name):
    lists = {'Domains': 'Domain', 'Parameters': None}
    tenant = created(cloudfront._create_distribution_tenant, 'DistributionTenant', properties, lists)
    return tenant['Id'], {name: tenant[name] for name in ('Id', 'Arn')}


def delete_group(physical_id, properties):
    cloudfront._connection_groups.pop(physical_id, None)


def delete_tenant(physical_id, properties):
    cloudfront._distribution_tenants.pop(physical_id, None)
    cloudfront._tenant_invalidations.pop(physical_id, None)


provisioners._RESOURCE_HANDLERS.update({
    'AWS::CloudFront::ConnectionGroup': {'create': create_group, 'delete': delete_group},
    'AWS::CloudFront::DistributionTenant': {'create': create_tenant, 'delete': delete_tenant},
})

QUERY = re.compile(r'SELECT \w+\("(\w+)"\) FROM SCHEMA\("([\w/]+)"[^)]*\)')
alarm_record = provisioners._cw_metric_alarm_record


def alarm_record_of_query(name, properties):
    """Records an alarm on a query with the metric that the query selects."""
    queries = properties.get('Metrics') or []
    query = QUERY.fullmatch(queries[0].get('Expression', '')) if len(queries) == 1 else None
    if query:
        metric = {'MetricName': query[1], 'Namespace': query[2], 'Period': queries[0]['Period']}
        properties = {**properties, **metric, 'Metrics': None}
    return alarm_record(name, properties)


provisioners._cw_metric_alarm_record = alarm_record_of_query

resolve_refs = engine._resolve_refs


def resolve_refs_in_region(value, *context):
    """Resolves a reference to an output in the region that it names."""
    reference = value.get('Fn::GetStackOutput') if isinstance(value, dict) else None
    if not isinstance(reference, dict) or 'Region' not in reference:
        return resolve_refs(value, *context)
    region = responses.get_region()
    responses.set_request_region(reference['Region'])
    try:
        return resolve_refs(value, *context)
    finally:
        responses.set_request_region(region)


engine._resolve_refs = resolve_refs_in_region

runpy.run_module('ministack', run_name='__main__', alter_sys=True)
