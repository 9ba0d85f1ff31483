"""The law of suspended versioning, broken with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

BUCKET = "reader-covers"
AT = {"Bucket": BUCKET, "Key": "a.png"}


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return client


def turn(s3: Any, status: str) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


def named_then_suspended(s3: Any) -> str:
    turn(s3, "Enabled")
    version: str = s3.put_object(**AT, Body=b"named")["VersionId"]
    turn(s3, "Suspended")
    return version


def listed(s3: Any) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Return id and currency of all versions, and of all delete markers, newest first."""
    reply = s3.list_object_versions(Bucket=BUCKET)
    versions = [(one["VersionId"], one["IsLatest"]) for one in reply.get("Versions", [])]
    return versions, [(one["VersionId"], one["IsLatest"]) for one in reply.get("DeleteMarkers", [])]


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


def test_a_delete_replaces_the_null_version_by_a_null_marker(s3: Any) -> None:
    s3.put_object(**AT, Body=b"old")
    turn(s3, "Suspended")

    reply = s3.delete_object(**AT)

    assert (reply["VersionId"], reply["DeleteMarker"]) == ("null", True)
    assert listed(s3) == ([], [("null", True)])
    assert refusal(s3.get_object, **AT) == "NoSuchKey"
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_delete_leaves_named_versions_and_covers_them(s3: Any) -> None:
    named = named_then_suspended(s3)

    s3.delete_object(**AT)
    s3.delete_object(**AT)

    assert listed(s3) == ([(named, False)], [("null", True)])
    assert s3.get_object(**AT, VersionId=named)["Body"].read() == b"named"


def test_a_write_replaces_the_null_version_or_marker_only(s3: Any) -> None:
    named = named_then_suspended(s3)
    s3.delete_object(**AT)

    first = s3.put_object(**AT, Body=b"first")["VersionId"]
    s3.put_object(**AT, Body=b"second")
    s3.copy_object(**AT, CopySource={**AT, "VersionId": named}, MetadataDirective="REPLACE", Metadata={"by": "copy"})

    assert first == "null"
    assert listed(s3) == ([("null", True), (named, False)], [])
    assert s3.get_object(**AT)["Body"].read() == b"named"
    assert s3.head_object(**AT, VersionId="null")["Metadata"] == {"by": "copy"}
    assert s3.head_object(**AT, VersionId=named)["Metadata"] == {}


def test_a_version_is_deleted_by_its_id_alone(s3: Any) -> None:
    named = named_then_suspended(s3)
    s3.put_object(**AT, Body=b"null")

    s3.delete_object(**AT, VersionId=named)
    without_named = listed(s3)
    s3.delete_object(**AT)
    s3.delete_object(**AT, VersionId="null")

    assert without_named == ([("null", True)], [])
    assert listed(s3) == ([], [])
    s3.delete_bucket(Bucket=BUCKET)


def test_deleting_the_null_marker_uncovers_the_named_version(s3: Any) -> None:
    named_then_suspended(s3)
    s3.delete_object(**AT)

    s3.delete_object(**AT, VersionId="null")

    assert s3.get_object(**AT)["Body"].read() == b"named"


def test_a_delete_of_many_leaves_null_markers(s3: Any) -> None:
    named = named_then_suspended(s3)

    reply = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a.png"}, {"Key": "never.png"}]})

    assert [(one["Key"], one["DeleteMarkerVersionId"]) for one in reply["Deleted"]] == [
        ("a.png", "null"),
        ("never.png", "null"),
    ]
    assert listed(s3) == ([(named, False)], [("null", True), ("null", True)])


def test_versioning_enabled_again_keeps_the_null_version(s3: Any) -> None:
    s3.put_object(**AT, Body=b"old")
    turn(s3, "Enabled")
    covered = s3.delete_object(**AT)["VersionId"]
    turn(s3, "Suspended")
    s3.put_object(**AT, Body=b"null")
    turn(s3, "Enabled")
    newest = s3.put_object(**AT, Body=b"newest")["VersionId"]

    assert listed(s3) == ([(newest, True), ("null", False)], [(covered, False)])
    assert s3.get_object(**AT, VersionId="null")["Body"].read() == b"null"


def test_an_upload_in_parts_is_the_null_version(s3: Any) -> None:
    named = named_then_suspended(s3)
    upload = s3.create_multipart_upload(**AT)["UploadId"]
    tag = s3.upload_part(**AT, UploadId=upload, PartNumber=1, Body=b"parts")["ETag"]

    s3.complete_multipart_upload(**AT, UploadId=upload, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})

    assert listed(s3) == ([("null", True), (named, False)], [])


def test_a_key_that_never_was_gets_a_marker_while_versioning_is_enabled(s3: Any) -> None:
    turn(s3, "Enabled")

    reply = s3.delete_object(**AT)

    assert reply["DeleteMarker"]
    assert listed(s3) == ([], [(reply["VersionId"], True)])


def test_a_bucket_without_versioning_deletes_for_good(s3: Any) -> None:
    s3.put_object(**AT, Body=b"old")

    reply = s3.delete_object(**AT)

    assert "DeleteMarker" not in reply
    assert listed(s3) == ([], [])


def test_a_suspended_bucket_can_not_be_locked(s3: Any) -> None:
    turn(s3, "Suspended")
    lock = {"ObjectLockEnabled": "Enabled"}

    code = refusal(s3.put_object_lock_configuration, Bucket=BUCKET, ObjectLockConfiguration=lock)

    assert code == "InvalidBucketState"
