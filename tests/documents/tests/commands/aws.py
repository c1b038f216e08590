"""Checks a command of the AWS CLI against the models of botocore: `complete` or `mention`, then its arguments."""
import json
import sys

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

GLOBAL = {"region", "output", "profile", "endpoint-url", "query", "no-cli-pager"}


def value(shape, words):
    if shape.type_name == "list" and not words[0].startswith("["):
        return [value(shape.member, [word]) for word in words]
    if shape.type_name in ("list", "structure", "map"):
        return json.loads(" ".join(words))
    if shape.type_name in ("integer", "long", "float", "double"):
        return float(words[0]) if shape.type_name in ("float", "double") else int(words[0])
    return " ".join(words) if words else True


kind, service, operation, *words = sys.argv[1:]
session = botocore.session.get_session()
if service not in session.get_available_services():
    sys.exit(f"there is no service {service}")
model = session.get_service_model(service)
names = {xform_name(name, "-"): name for name in model.operation_names}
if operation not in names:
    sys.exit(f"{service} has no operation {operation}")
shape = model.operation_model(names[operation]).input_shape
members = {xform_name(name, "-"): name for name in shape.members}
options = {}
for word in words:
    if word.startswith("--"):
        options[word[2:]] = []
    else:
        options[list(options)[-1]].append(word)
parameters = {}
for option, given in options.items():
    if option in GLOBAL:
        continue
    if option not in members:
        sys.exit(f"{operation} has no parameter --{option}")
    parameters[members[option]] = value(shape.members[members[option]], given)
report = ParamValidator().validate(parameters, shape)
if kind == "complete" and report.has_errors():
    sys.exit(report.generate_report())
