"""Law: a log group's key is changed and taken away after its birth under the rule of its birth; it encrypts nothing."""

from __future__ import annotations

from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws import _log_keys
from resettle_lab.world import AwsError, Request, Response, World, aws_error, render_error

_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


def install(world: World) -> None:
    """Answers the two calls, which moto does not have."""
    world.before(_answer)


def _answer(request: Request) -> Response | None:
    if request.service != "logs" or request.operation not in ("AssociateKmsKey", "DisassociateKmsKey"):
        return None
    try:
        _change(request)
    except AwsError as error:
        return render_error(request, error)
    return 200, dict(_HEADERS), ""


def _change(request: Request) -> None:
    from moto.logs.models import logs_backends

    name = _named(request)
    group = logs_backends[request.account][request.region].groups.get(name)
    if group is None:
        raise aws_error("ResourceNotFoundException", "The specified log group does not exist.", 400)
    if request.operation == "DisassociateKmsKey":
        group.kms_key_id = None
        return
    key = str(request.params["kmsKeyId"])
    _log_keys.check(key, group=name, account=request.account, region=request.region)
    group.kms_key_id = key


def _named(request: Request) -> str:
    """The group, by its name or by its ARN; exactly one of the two is given."""
    params: dict[str, Any] = request.params
    name, resource = params.get("logGroupName"), params.get("resourceIdentifier")
    if (name is None) == (resource is None):
        message = "Exactly one of logGroupName and resourceIdentifier must be given."
        raise aws_error("InvalidParameterException", message, 400)
    if name is not None:
        return str(name)
    home = f"arn:aws:logs:{request.region}:{request.account}:log-group:"
    if not str(resource).startswith(home):
        raise aws_error("ResourceNotFoundException", "The specified log group does not exist.", 400)
    return str(resource).removeprefix(home).removesuffix(":*")


LAW = Law(
    name="log-group-keys",
    rule="AssociateKmsKey puts an existing log group under a key whose policy admits the region's log service, "
    "DisassociateKmsKey takes the key away.",
    source="Amazon CloudWatch Logs API reference: AssociateKmsKey, DisassociateKmsKey",
    install=install,
)
