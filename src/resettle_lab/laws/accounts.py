"""Every request is made by a key that some account really has; moto lets any key in, as account 123456789012."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import BaseResponse
from moto.iam import models as iam_models

from ..front import account_of, presigned
from ..law import Law
from ..world import Request, Response, World, error_response, protocol_of

UNSIGNED = {
    ("sts", "AssumeRoleWithSAML"),
    ("sts", "AssumeRoleWithWebIdentity"),
}
INVALID_TOKEN = "The security token included in the request is invalid."


def refuse_key(request: Request) -> Response:
    """Answer as AWS answers a key that it does not know: the code and the status go with the service's protocol."""
    if request.service in ("s3", "s3control"):
        text = "The AWS Access Key Id you provided does not exist in our records."
        return error_response(request, "InvalidAccessKeyId", text, 403)
    if request.service == "ec2":
        text = "AWS was not able to validate the provided access credentials"
        return error_response(request, "AuthFailure", text, 401)
    protocol = protocol_of(request) if request.service else "query"
    if request.service == "sqs" or protocol in ("query", "rest-xml"):
        return error_response(request, "InvalidClientTokenId", INVALID_TOKEN, 403)
    return error_response(request, "UnrecognizedClientException", INVALID_TOKEN, 400 if protocol == "json" else 403)


def refuse_unknown(request: Request) -> Response | None:
    """Refuse a key that no account has, and an unsigned request where AWS wants a signature."""
    if request.account:
        return None
    if request.access_key:
        return refuse_key(request)
    if request.service == "s3" or (request.service, request.operation) in UNSIGNED:
        return None
    return error_response(request, "MissingAuthenticationToken", "Request is missing Authentication Token", 403)


def install(world: World) -> None:
    """Refuse unknown keys, and let moto see the key of a presigned URL, which it overlooks."""
    world.before(refuse_unknown, first=True)
    world.patch(BaseResponse, "get_access_key", _seeing_presigned)
    world.patch(iam_models, "get_account_id_from", _looking_once)


def _seeing_presigned(original: Callable[[BaseResponse], str]) -> Callable[[BaseResponse], str]:
    def get_access_key(self: BaseResponse) -> str:
        if "Authorization" not in self.headers and "X-Amz-Credential=" in self.parsed_url.query:
            return presigned(self.parsed_url.query)[0]
        return original(self)

    return get_access_key


def _looking_once(original: Callable[[str], str]) -> Callable[[str], str]:
    def get_account_id_from(access_key: str) -> Any:
        return account_of(access_key) or original(access_key)

    return get_account_id_from


LAW = Law(
    name="accounts",
    rule="A request is refused unless its access key is alive in some account; EC2 says AuthFailure, S3 InvalidAccessKeyId, "
    "JSON services UnrecognizedClientException, SQS and the query services InvalidClientTokenId.",
    source="IAM User Guide, 'AWS Signature Version 4 for API requests: troubleshooting'; Amazon EC2 API Reference, 'Error "
    "codes' (AuthFailure); Amazon S3 API Reference, 'Error responses' (InvalidAccessKeyId); AWS KMS API Reference, "
    "'Common Errors'",
    install=install,
)
