"""Makes buckets with every setting, their objects and versions, and at last their notifications."""

from __future__ import annotations

import random
from typing import Any

from resettle_lab.seed.design import Bucket, Object, text
from resettle_lab.seed.making import Making

PART = 5 * 1024**2
LOGGING = "put_bucket_logging"


def make(making: Making, buckets: tuple[Bucket, ...]) -> None:
    """Make all buckets, then their settings (one may log into another), then their objects; learned as `bucket:`."""
    s3 = making.client("s3")
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": making.region})
        making.learn("bucket", bucket.name, bucket.name)
    for bucket in buckets:
        for operation, params in bucket.settings:
            if operation != LOGGING:
                _configure(making, bucket.name, operation, making.fill(dict(params)))
    # S3 looks whether the bucket that takes the logs admits their delivery, so its policy stands first.
    for bucket in buckets:
        for operation, params in bucket.settings:
            if operation == LOGGING:
                _configure(making, bucket.name, operation, making.fill(dict(params)))
    for bucket in buckets:
        for item in bucket.objects:
            _write(s3, bucket.name, item)
        if bucket.large:
            _write_large(s3, bucket.name, *bucket.large)


def _configure(making: Making, name: str, operation: str, params: dict[str, Any]) -> None:
    if operation == "put_bucket_policy":
        params["Policy"] = text(params["Policy"])
    getattr(making.client("s3"), operation)(Bucket=name, **params)


def _write(s3: Any, bucket: str, item: Object) -> None:
    if item.content is None:
        s3.delete_object(Bucket=bucket, Key=item.key)
    else:
        s3.put_object(Bucket=bucket, Key=item.key, Body=item.content, **item.more)


def _write_large(s3: Any, bucket: str, key: str, size: int) -> None:
    content = random.Random(key).randbytes(size)
    more = {"ContentType": "image/tiff", "Metadata": {"scanner": "overhead"}, "Tagging": "class=large"}
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, size, PART), 1):
        piece = content[start : start + PART]
        part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=piece)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def notify(making: Making, buckets: tuple[Bucket, ...]) -> None:
    """Set notifications; S3 validates their destinations, so functions, permissions and queue policies stand already."""
    for bucket in buckets:
        if bucket.notification:
            making.client("s3").put_bucket_notification_configuration(
                Bucket=bucket.name, NotificationConfiguration=making.fill(dict(bucket.notification))
            )
