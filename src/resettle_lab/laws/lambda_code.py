"""Law: a function's code is the bytes that were given and can be downloaded for ten minutes; it never runs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from uuid import uuid4

from resettle_lab.law import Law
from resettle_lab.laws._bucket import allowed, bucket_named
from resettle_lab.laws._policy import caller_of
from resettle_lab.world import AwsError, Request, Response, World, aws_error

_PREFIX = "/-lab/code/"
_VALID = 600
_ZIP_LIMIT = 50 * 1024 * 1024


def install(world: World) -> None:
    """Takes code from a zip or an object, and serves it where GetFunction says."""
    from moto.awslambda.responses import LambdaResponse

    secret = uuid4().bytes
    world.patch(LambdaResponse, "create_function", _checked)
    world.patch(LambdaResponse, "update_function_code", _checked)
    world.patch(LambdaResponse, "get_function", lambda original: _with_link(original, secret))
    world.before(lambda request: _serve(request, world, secret))


def _checked(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Whatever way the code came, moto is given the zip itself."""

    def take(response: Any) -> Any:
        body = json.loads(response.body)
        code = body.get("Code", body)
        if "S3Bucket" in code:
            found = _from_bucket(response, code)
            code["ZipFile"] = base64.b64encode(found).decode()
            for name in ("S3Bucket", "S3Key", "S3ObjectVersion"):
                code.pop(name, None)
            response.body = json.dumps(body)
        elif "ZipFile" in code and len(base64.b64decode(code["ZipFile"])) > _ZIP_LIMIT:
            raise aws_error("RequestEntityTooLargeException", "Request must be smaller than 69905067 bytes", 413)
        if "ZipFile" in code and not zipfile.is_zipfile(io.BytesIO(base64.b64decode(code["ZipFile"]))):
            raise invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
        return original(response)

    return take


def invalid(message: str) -> AwsError:
    """Lambda's one code for whatever it does not accept in a request."""
    return aws_error("InvalidParameterValueException", message, 400)


def _from_bucket(response: Any, code: dict[str, Any]) -> bytes:
    """AWS page "CreateFunction", FunctionCode: a bucket of the function's region, of any account that lets the caller read."""
    bucket = bucket_named(code["S3Bucket"])
    if bucket is None:
        raise invalid("Error occurred while GetObject. S3 Error Code: NoSuchBucket.")
    if bucket.region_name != response.region:
        raise invalid("Error occurred while GetObject. S3 Error Code: PermanentRedirect.")
    version = code.get("S3ObjectVersion")
    if not allowed(bucket, caller_of(response), "GetObjectVersion" if version else "GetObject", code["S3Key"]):
        message = f"Your access has been denied by S3, please check GetObject for {code['S3Bucket']}."
        raise aws_error("AccessDeniedException", message, 403)
    for held in reversed(bucket.keys.getlist(code["S3Key"], [])):
        if version in (None, getattr(held, "version_id", None)) and hasattr(held, "value"):
            return bytes(held.value)
    raise invalid("Error occurred while GetObject. S3 Error Code: NoSuchKey.")


def _with_link(original: Callable[[Any], Any], secret: bytes) -> Callable[[Any], Any]:
    def get_function(response: Any) -> Any:
        told = json.loads(original(response))
        configuration = told["Configuration"]
        if configuration["PackageType"] == "Zip":
            told["Code"] = {"RepositoryType": "S3", "Location": _link(response, configuration, secret)}
        return json.dumps(told)

    return get_function


def _link(response: Any, configuration: dict[str, Any], secret: bytes) -> str:
    digest = base64.b64decode(configuration["CodeSha256"]).hex()
    parts = (response.current_account, response.region, configuration["FunctionName"], configuration["Version"], digest)
    path = _PREFIX + "/".join(quote(one, safe="") for one in parts)
    moment = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    credential = quote(f"{response.access_key}/{moment[:8]}/{response.region}/s3/aws4_request", safe="")
    host = urlsplit(response.uri)
    return (
        f"{host.scheme}://{host.netloc}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={moment}&X-Amz-SignedHeaders=host"
        f"&X-Amz-Expires={_VALID}&X-Amz-Credential={credential}&X-Amz-Signature={_sign(path, moment, secret)}"
    )


def _sign(path: str, moment: str, secret: bytes) -> str:
    return hmac.new(secret, f"{path}\n{moment}".encode(), hashlib.sha256).hexdigest()


def _serve(request: Request, world: World, secret: bytes) -> Response | None:
    if not request.path.startswith(_PREFIX):
        return None
    path = request.path.partition("?")[0]
    account, region, name, version, digest = (unquote(one) for one in path.removeprefix(_PREFIX).split("/"))
    query = {name: values[0] for name, values in parse_qs(request.http.environ.get("QUERY_STRING", "")).items()}
    moment = query.get("X-Amz-Date", "")
    if account in world.revoked or not hmac.compare_digest(query.get("X-Amz-Signature", ""), _sign(path, moment, secret)):
        return _refuse("SignatureDoesNotMatch")
    age = time.time() - datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    if age > float(world.settings.get("code_link_seconds", _VALID)):
        return _refuse("AccessDenied")
    content = _code(account, region, name, version)
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        return _refuse("AccessDenied")
    return 200, {"Content-Type": "application/zip"}, content


def _refuse(code: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>Request refused</Message></Error>'
    return 403, {"Content-Type": "application/xml"}, body


def _code(account: str, region: str, name: str, version: str) -> bytes | None:
    from moto.awslambda.models import lambda_backends

    held = lambda_backends[account][region]._lambdas._functions.get(name)
    if held is None:
        return None
    found = [held["latest"], *held["versions"]]
    return next((bytes(one.code_bytes) for one in found if str(one.version) == version), None)


LAW = Law(
    name="lambda-code",
    rule="GetFunction gives a link to the very bytes of the code, valid for ten minutes; CodeSha256 is the base64 SHA-256 of "
    "the zip; code may come from a bucket, at a version, if the caller may read it there.",
    source="AWS Lambda API reference: GetFunction, CreateFunction, FunctionCode, UpdateFunctionCode",
    install=install,
)
