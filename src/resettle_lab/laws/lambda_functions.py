"""Law: what a function needs before it is made, what it keeps, and when it may be changed; it never invokes one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from resettle_lab.law import Law
from resettle_lab.laws import _keys, _roles
from resettle_lab.laws._pace import begin, look
from resettle_lab.laws.lambda_code import invalid
from resettle_lab.world import World, aws_error

_KEPT = ("DeadLetterConfig", "FileSystemConfigs", "LoggingConfig", "SnapStart")
# AWS page "ListFunctions": these are told by GetFunction and GetFunctionConfiguration only.
_UNLISTED = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
)
_TARGETS = {"sqs": ("sqs:SendMessage", "SendMessage on SQS"), "sns": ("sns:Publish", "Publish on SNS")}


def install(world: World) -> None:
    """Checks role, network, key and dead-letter target, keeps every field, and lets changes take their time."""
    from moto.awslambda.models import LambdaBackend, LambdaFunction
    from moto.awslambda.responses import LambdaResponse

    world.patch(LambdaFunction, "get_configuration", _whole)
    world.patch(LambdaFunction, "vpc_config", lambda original: property(_vpc_config))
    world.patch(LambdaFunction, "update_configuration", lambda original: _updated(original, world))
    world.patch(LambdaBackend, "create_function", lambda original: _created(original, world))
    world.patch(LambdaBackend, "update_function_configuration", _changeable)
    world.patch(LambdaBackend, "update_function_code", lambda original: _recoded(original, world))
    world.patch(LambdaBackend, "publish_version", _published)
    for method in ("get_function", "get_function_configuration"):
        world.patch(LambdaResponse, method, _looked_at)
    for method in ("list_functions", "list_versions_by_function"):
        world.patch(LambdaResponse, method, _listed)


def _created(original: Callable[..., Any], world: World) -> Callable[..., Any]:
    def create_function(backend: Any, spec: dict[str, Any]) -> Any:
        _check(backend, spec, spec)
        publish = spec.pop("Publish", False)
        made = original(backend, spec)
        made.lab_kept = {name: spec[name] for name in _KEPT if name in spec}
        made.lab_revision = str(uuid4())
        if publish:
            backend.publish_version(spec["FunctionName"])
        begin(world, made, now="Pending", then="Active", attribute="state")
        return made

    return create_function


def _check(backend: Any, spec: dict[str, Any], asked: dict[str, Any]) -> None:
    """Checks what is `asked` for; `spec` also holds what the function already has."""
    role = _roles.role_of(spec["Role"], backend.account_id)
    own = spec["Role"].split(":")[4:5] == [backend.account_id]
    if own and (role is None or not _roles.assumable(role, "lambda.amazonaws.com")):
        raise invalid("The role defined for the function cannot be assumed by Lambda.")
    if role is None:
        return
    if asked.get("VpcConfig"):
        _check_network(backend, asked["VpcConfig"], role)
    target = (asked.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        action, said = _TARGETS.get(target.split(":")[2], ("", "the target"))
        if not _roles.may(role, action, target):
            raise invalid(f"The provided execution role does not have permissions to call {said}")
    _check_key(backend, asked.get("KMSKeyArn"))


def _check_network(backend: Any, network: dict[str, Any], role: Any) -> None:
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[backend.account_id][backend.region_name]
    subnets = network.get("SubnetIds") or []
    groups = network.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        raise invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
    held = {subnet.id: subnet for by_id in ec2.subnets.values() for subnet in by_id.values()}
    for name in subnets:
        if name not in held:
            raise invalid("Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound.")
    for name in groups:
        group = ec2.get_security_group_from_id(name)
        if group is None:
            raise invalid("Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound.")
        if group.vpc_id != held[subnets[0]].vpc_id:
            raise invalid("Security Groups are required to be in the same VPC.")
    if subnets and not _roles.may(role, "ec2:CreateNetworkInterface", "*"):
        raise invalid("The provided execution role does not have permissions to call CreateNetworkInterface on EC2")


def _check_key(backend: Any, name: str | None) -> None:
    if name and _keys.find(name, account=backend.account_id, region=backend.region_name) is None:
        raise invalid("Lambda was unable to configure access to your environment variables: the KMS key does not exist.")


def _vpc_config(function: Any) -> dict[str, Any] | None:
    from moto.ec2.models import ec2_backends

    network = function._vpc_config
    if not network:
        return None
    ec2 = ec2_backends[function.account_id][function.region]
    held = {subnet.id: subnet.vpc_id for by_id in ec2.subnets.values() for subnet in by_id.values()}
    subnets = network.get("SubnetIds") or []
    return {
        "SubnetIds": subnets,
        "SecurityGroupIds": network.get("SecurityGroupIds") or [],
        "VpcId": held.get(subnets[0], "") if subnets else "",
        "Ipv6AllowedForDualStack": bool(network.get("Ipv6AllowedForDualStack")),
    }


def _whole(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_configuration(function: Any, on_create: bool = False) -> dict[str, Any]:
        told = original(function, on_create)
        kept = dict(getattr(function, "lab_kept", {}))
        logging = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
        told["LoggingConfig"] = {**logging, **kept.pop("LoggingConfig", {})}
        if kept.get("DeadLetterConfig", {}).get("TargetArn") == "":
            kept.pop("DeadLetterConfig")
        if "SnapStart" in kept:
            kept["SnapStart"] = {"OptimizationStatus": "Off", **kept["SnapStart"]}
        told.update(kept)
        told["RevisionId"] = getattr(function, "lab_revision", "")
        if not on_create:
            told["LastUpdateStatus"] = getattr(function, "lab_update", "Successful")
        return {name: value for name, value in told.items() if value is not None}

    return get_configuration


def _updated(original: Callable[..., Any], world: World) -> Callable[..., Any]:
    def update_configuration(function: Any, config_updates: dict[str, Any]) -> Any:
        original(function, {**config_updates, **_environment(config_updates)})
        kept = {name: config_updates[name] for name in _KEPT if name in config_updates}
        function.lab_kept = {**getattr(function, "lab_kept", {}), **kept}
        if "KMSKeyArn" in config_updates:
            function.kms_key_arn = config_updates["KMSKeyArn"] or None
        if "TracingConfig" in config_updates:
            function.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            function.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        _touch(world, function)
        return function.get_configuration()

    return update_configuration


def _environment(asked: dict[str, Any]) -> dict[str, Any]:
    if "Environment" not in asked:
        return {}
    return {"Environment": {"Variables": (asked["Environment"] or {}).get("Variables", {})}}


def _touch(world: World, function: Any) -> None:
    function.lab_revision = str(uuid4())
    begin(world, function, now="InProgress", then="Successful", attribute="lab_update")


def _require_settled(function: Any, asked: dict[str, Any]) -> None:
    if function.state == "Pending" or getattr(function, "lab_update", "") == "InProgress":
        message = f"The operation cannot be performed at this time. An update is in progress for resource: {function.function_arn}"
        raise aws_error("ResourceConflictException", message, 409)
    if asked.get("RevisionId") not in (None, getattr(function, "lab_revision", None)):
        raise aws_error("PreconditionFailedException", "The Revision Id provided does not match the latest.", 412)


def _changeable(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_function_configuration(backend: Any, function_name: str, qualifier: Any, body: dict[str, Any]) -> Any:
        function = backend.get_function(function_name, qualifier)
        _require_settled(function, body)
        _check(backend, {"Role": function.role, **body}, body)
        return original(backend, function_name, qualifier, body)

    return update_function_configuration


def _recoded(original: Callable[..., Any], world: World) -> Callable[..., Any]:
    def update_function_code(backend: Any, function_name: str, qualifier: Any, body: dict[str, Any]) -> Any:
        function = backend.get_function(function_name, qualifier)
        _require_settled(function, body)
        told = original(backend, function_name, qualifier, body)
        if body.get("DryRun"):
            return told
        _touch(world, function)
        return {**told, "LastUpdateStatus": "InProgress", "RevisionId": function.lab_revision}

    return update_function_code


def _published(original: Callable[..., Any]) -> Callable[..., Any]:
    """A version has a policy of its own; moto shares the latest one's."""

    def publish_version(backend: Any, function_name: str, description: str = "") -> Any:
        from moto.awslambda.policy import Policy

        known = {id(one) for one in backend.list_versions_by_function(function_name)}
        made = original(backend, function_name, description)
        if made is not None and id(made) not in known:
            made.policy = Policy(made)
            made.state, made.lab_pace, made.lab_update = "Active", None, "Successful"
        return made

    return publish_version


def _looked_at(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get(response: Any) -> Any:
        reply = original(response)
        told = json.loads(reply)
        configuration = told.get("Configuration", told)
        found = response.backend.get_function(configuration["FunctionName"], configuration["Version"])
        look(found)
        fresh = {"State": found.state, "LastUpdateStatus": getattr(found, "lab_update", "Successful")}
        configuration.update(fresh)
        return json.dumps(told)

    return get


def _listed(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def listing(response: Any) -> Any:
        told = json.loads(original(response))
        for one in told.get("Functions", told.get("Versions", [])):
            for name in _UNLISTED:
                one.pop(name, None)
        return json.dumps(told)

    return listing


LAW = Law(
    name="lambda-functions",
    rule="A function needs a role that Lambda may assume and that may do what the network and dead-letter settings ask; it is "
    "Pending before Active, and a change during a change is a ResourceConflictException.",
    source="AWS Lambda Developer Guide: Lambda function states; Defining Lambda function permissions with an execution role; "
    "Giving Lambda functions access to resources in an Amazon VPC; API reference: CreateFunction, ListFunctions",
    install=install,
)
