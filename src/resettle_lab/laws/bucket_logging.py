"""Law: where a bucket may log to, judged by the target's policy as AWS reads policies; it writes no log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resettle_lab.law import Law
from resettle_lab.laws._policy import Request, decide, service
from resettle_lab.world import World, aws_error

_SERVICE = "logging.s3.amazonaws.com"
_SAMPLE = "2026-01-31-12-00-00-0123456789ABCDEF"
_REFUSAL = (
    "You must either provide the necessary permissions to the logging service using a bucket policy or give the "
    "log-delivery group WRITE and READ_ACP permissions to the target bucket"
)


def install(world: World) -> None:
    """Judges the target bucket in place of moto, which reads only one spelling of a policy, and keeps the key format."""
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    world.patch(FakeBucket, "set_logging", _judged)
    world.patch(S3Response, "get_bucket_logging", _with_format)


def _judged(original: Callable[..., None]) -> Callable[..., None]:
    def set_logging(bucket: Any, logging: dict[str, Any] | None, backend: Any) -> None:
        from moto.s3.exceptions import CrossLocationLoggingProhibited

        if not logging:
            original(bucket, logging, backend)
            return
        aim = backend.buckets.get(logging["TargetBucket"])
        if aim is None or aim.account_id != bucket.account_id:
            raise aws_error("InvalidTargetBucketForLogging", "The target bucket for logging does not exist", 400)
        if aim.region_name != bucket.region_name:
            raise CrossLocationLoggingProhibited
        if not _admits(aim, bucket, logging.get("TargetPrefix") or ""):
            raise aws_error("InvalidTargetBucketForLogging", _REFUSAL, 400, TargetBucket=aim.name)
        bucket.logging = logging

    return set_logging


def _admits(aim: Any, bucket: Any, prefix: str) -> bool:
    caller = service(_SERVICE, account=bucket.account_id)
    context = {"aws:sourcearn": bucket.arn, "aws:sourceaccount": bucket.account_id}
    wanted = Request(action="s3:PutObject", resource=f"{aim.arn}/{prefix}{_SAMPLE}", context=context)
    verdict = decide(aim.policy, caller, wanted)
    if verdict is not None:
        return verdict == "Allow"
    # AWS page "Enabling Amazon S3 server access logging": an ACL counts only where ACLs do.
    return aim.ownership_rule != "BucketOwnerEnforced" and bool(aim._log_permissions_enabled_acl(target_bucket=aim))


def _with_format(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """moto reads `TargetObjectKeyFormat` and does not tell it."""

    def get_bucket_logging(response: Any) -> Any:
        status, headers, body = original(response)
        held = response.backend.get_bucket_logging(response.bucket_name).get("TargetObjectKeyFormat")
        if held is None:
            return status, headers, body
        text = body.replace("</LoggingEnabled>", f"{_format_text(held)}</LoggingEnabled>")
        return status, headers | {"content-length": str(len(text))}, text

    return get_bucket_logging


def _format_text(held: dict[str, Any]) -> str:
    if "SimplePrefix" in held:
        inner = "<SimplePrefix/>"
    else:
        source = (held["PartitionedPrefix"] or {}).get("PartitionDateSource", "EventTime")
        inner = f"<PartitionedPrefix><PartitionDateSource>{source}</PartitionDateSource></PartitionedPrefix>"
    return f"<TargetObjectKeyFormat>{inner}</TargetObjectKeyFormat>"


LAW = Law(
    name="bucket-logging",
    rule="PutBucketLogging wants a target in the same account and region whose policy lets logging.s3.amazonaws.com put objects "
    "under the prefix, or whose ACL does where ACLs count.",
    source="Amazon S3 User Guide: Enabling Amazon S3 server access logging (permissions for log delivery); API reference: "
    "PutBucketLogging",
    install=install,
)
