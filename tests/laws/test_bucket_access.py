"""The law of access between accounts to a bucket, broken with plain boto3 calls."""

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
SOURCE, TARGET = "111122223333", "444455556666"
CALLER = f"arn:aws:iam::{TARGET}:role/resettle-lab"
BUCKET, KEYS = "arn:aws:s3:::of-source", "arn:aws:s3:::of-source/*"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return refused.value.response["Error"]["Code"]


def statement(actions: Any, resources: Any, principal: Any = None, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    named = {"AWS": CALLER} if principal is None else principal
    return {"Effect": effect, "Principal": named, "Action": actions, "Resource": resources, **more}


@pytest.fixture
def owner(source: boto3.Session) -> Any:
    s3 = source.client("s3")
    s3.create_bucket(Bucket="of-source", CreateBucketConfiguration=SEOUL)
    s3.put_object(Bucket="of-source", Key="page", Body=b"one", Tagging="shelf=3", Metadata={"reader": "kim"})
    return s3


@pytest.fixture
def other(target: boto3.Session) -> Any:
    s3 = target.client("s3")
    s3.create_bucket(Bucket="of-target", CreateBucketConfiguration=SEOUL)
    return s3


def let_in(owner: Any, *statements: dict[str, Any]) -> None:
    owner.put_bucket_policy(Bucket="of-source", Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def test_without_a_policy_another_account_gets_nowhere(owner: Any, other: Any) -> None:
    codes = {
        refusal(other.get_object, Bucket="of-source", Key="page"),
        refusal(other.put_object, Bucket="of-source", Key="new", Body=b"x"),
        refusal(other.delete_object, Bucket="of-source", Key="page"),
        refusal(other.list_objects_v2, Bucket="of-source"),
        refusal(other.list_object_versions, Bucket="of-source"),
        refusal(other.get_bucket_policy, Bucket="of-source"),
        refusal(other.get_bucket_tagging, Bucket="of-source"),
        refusal(other.put_bucket_versioning, Bucket="of-source", VersioningConfiguration={"Status": "Enabled"}),
        refusal(other.delete_bucket, Bucket="of-source"),
    }

    assert codes == {"AccessDenied"}
    assert refusal(other.head_object, Bucket="of-source", Key="page") == "403"
    assert refusal(other.head_bucket, Bucket="of-source") == "403"


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": TARGET},
        {"AWS": f"arn:aws:iam::{TARGET}:root"},
        {"AWS": CALLER},
        {"AWS": f"arn:aws:sts::{TARGET}:assumed-role/resettle-lab/resettle-lab"},
        {"AWS": [f"arn:aws:iam::{SOURCE}:root", CALLER]},
    ],
)
def test_a_policy_lets_in_whom_it_names(owner: Any, other: Any, principal: Any) -> None:
    let_in(owner, statement("s3:Get*", KEYS, principal))

    assert other.get_object(Bucket="of-source", Key="page")["Body"].read() == b"one"


def test_a_policy_lets_in_nobody_else_and_to_nothing_else(owner: Any, other: Any) -> None:
    let_in(owner, statement("s3:GetObject", f"{BUCKET}/shelf/*"), statement("s3:*", KEYS, {"AWS": SOURCE}))

    assert refusal(other.get_object, Bucket="of-source", Key="page") == "AccessDenied"


def test_an_explicit_deny_wins_over_an_allow_and_over_the_owner(owner: Any, other: Any) -> None:
    let_in(owner, statement("s3:*", KEYS), statement("s3:GetObject", f"{BUCKET}/page", {"AWS": "*"}, "Deny"))

    assert refusal(other.get_object, Bucket="of-source", Key="page") == "AccessDenied"
    assert refusal(owner.get_object, Bucket="of-source", Key="page") == "AccessDenied"
    owner.delete_bucket_policy(Bucket="of-source")
    assert owner.get_object(Bucket="of-source", Key="page")["Body"].read() == b"one"


def test_a_deny_without_tls_touches_nobody_who_uses_it(owner: Any) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    let_in(owner, statement("s3:*", [BUCKET, KEYS], {"AWS": "*"}, "Deny", Condition=insecure))

    assert owner.get_object(Bucket="of-source", Key="page")["Body"].read() == b"one"


@pytest.mark.parametrize(
    ("condition", "let"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": TARGET}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": SOURCE}}, False),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{TARGET}:role/*"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, False),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, False),
    ],
)
def test_a_condition_that_is_not_known_to_hold_lets_nobody_in(owner: Any, other: Any, condition: Any, let: bool) -> None:
    let_in(owner, statement("s3:GetObject", KEYS, Condition=condition))

    if let:
        assert other.get_object(Bucket="of-source", Key="page")["Body"].read() == b"one"
    else:
        assert refusal(other.get_object, Bucket="of-source", Key="page") == "AccessDenied"


def test_an_absent_key_is_403_to_who_may_not_list_and_404_to_who_may(owner: Any, other: Any) -> None:
    let_in(owner, statement("s3:GetObject", KEYS))
    hidden = refusal(other.get_object, Bucket="of-source", Key="absent")

    let_in(owner, statement("s3:GetObject", KEYS), statement("s3:ListBucket", BUCKET))
    with pytest.raises(ClientError) as refused:
        other.get_object(Bucket="of-source", Key="absent")

    assert hidden == "AccessDenied"
    assert refused.value.response["Error"]["Code"] == "NoSuchKey"


def test_a_named_version_needs_an_action_of_its_own(owner: Any, other: Any) -> None:
    owner.put_bucket_versioning(Bucket="of-source", VersioningConfiguration={"Status": "Enabled"})
    version = owner.put_object(Bucket="of-source", Key="page", Body=b"two")["VersionId"]
    let_in(owner, statement("s3:GetObject", KEYS))
    without = refusal(other.get_object, Bucket="of-source", Key="page", VersionId=version)

    let_in(owner, statement("s3:GetObjectVersion", KEYS))

    assert without == "AccessDenied"
    assert other.get_object(Bucket="of-source", Key="page", VersionId=version)["Body"].read() == b"two"


def test_a_copy_needs_the_sources_permission_for_content_and_tags(owner: Any, other: Any) -> None:
    copy = {"Bucket": "of-target", "Key": "page", "CopySource": {"Bucket": "of-source", "Key": "page"}}
    without = refusal(other.copy_object, **copy)
    let_in(owner, statement("s3:GetObject", KEYS))
    without_tags = refusal(other.copy_object, **copy)

    let_in(owner, statement(["s3:GetObject", "s3:GetObjectTagging"], KEYS))
    other.copy_object(**copy)

    assert (without, without_tags) == ("AccessDenied", "AccessDenied")
    assert other.get_object_tagging(Bucket="of-target", Key="page")["TagSet"] == [{"Key": "shelf", "Value": "3"}]
    assert other.head_object(Bucket="of-target", Key="page")["Metadata"] == {"reader": "kim"}


def test_a_copy_that_replaces_the_tags_needs_no_right_to_read_them(owner: Any, other: Any) -> None:
    let_in(owner, statement("s3:GetObject", KEYS))

    other.copy_object(Bucket="of-target", Key="page", CopySource="of-source/page", TaggingDirective="REPLACE", Tagging="shelf=9")

    assert other.get_object_tagging(Bucket="of-target", Key="page")["TagSet"] == [{"Key": "shelf", "Value": "9"}]


def test_a_copied_version_needs_get_object_version(owner: Any, other: Any) -> None:
    owner.put_bucket_versioning(Bucket="of-source", VersioningConfiguration={"Status": "Enabled"})
    version = owner.put_object(Bucket="of-source", Key="plain", Body=b"two")["VersionId"]
    copy = {"Bucket": "of-target", "Key": "plain", "CopySource": f"of-source/plain?versionId={version}"}
    let_in(owner, statement("s3:GetObject", KEYS))
    without = refusal(other.copy_object, **copy)

    let_in(owner, statement("s3:GetObjectVersion", KEYS))
    other.copy_object(**copy)

    assert without == "AccessDenied"


def test_a_part_copy_needs_the_sources_permission(owner: Any, other: Any) -> None:
    upload = other.create_multipart_upload(Bucket="of-target", Key="page")["UploadId"]
    part = {"Bucket": "of-target", "Key": "page", "UploadId": upload, "PartNumber": 1, "CopySource": "of-source/page"}
    without = refusal(other.upload_part_copy, **part)

    let_in(owner, statement("s3:GetObject", KEYS))
    other.upload_part_copy(**part)

    assert without == "AccessDenied"


def test_what_another_account_writes_belongs_to_the_buckets_owner(owner: Any, other: Any) -> None:
    let_in(owner, statement(["s3:PutObject", "s3:PutObjectTagging"], KEYS))

    other.put_object(Bucket="of-source", Key="new", Body=b"x", Tagging="by=target")

    assert owner.get_object(Bucket="of-source", Key="new")["Body"].read() == b"x"
    assert owner.get_object_tagging(Bucket="of-source", Key="new")["TagSet"] == [{"Key": "by", "Value": "target"}]


def test_deleting_many_refuses_key_by_key(owner: Any, other: Any) -> None:
    owner.put_object(Bucket="of-source", Key="free", Body=b"x")
    let_in(owner, statement("s3:DeleteObject", f"{BUCKET}/free"))

    reply = other.delete_objects(Bucket="of-source", Delete={"Objects": [{"Key": "free"}, {"Key": "page"}]})

    assert [one["Key"] for one in reply["Deleted"]] == ["free"]
    assert [(one["Key"], one["Code"]) for one in reply["Errors"]] == [("page", "AccessDenied")]


def test_an_expected_owner_must_be_the_owner(owner: Any, other: Any) -> None:
    let_in(owner, statement("s3:*", [BUCKET, KEYS]))
    copy = {"Bucket": "of-target", "Key": "page", "CopySource": "of-source/page"}

    codes = {
        refusal(owner.get_object, Bucket="of-source", Key="page", ExpectedBucketOwner=TARGET),
        refusal(owner.list_objects_v2, Bucket="of-source", ExpectedBucketOwner=TARGET),
        refusal(other.copy_object, **copy, ExpectedSourceBucketOwner=TARGET),
        refusal(other.copy_object, **copy, ExpectedBucketOwner=SOURCE),
    }
    other.copy_object(**copy, ExpectedSourceBucketOwner=SOURCE, ExpectedBucketOwner=TARGET)

    assert codes == {"AccessDenied"}


def test_a_bucket_policy_is_never_read_by_another_account(owner: Any, other: Any) -> None:
    let_in(owner, statement("s3:*", [BUCKET, KEYS]))

    with pytest.raises(ClientError) as refused:
        other.get_bucket_policy(Bucket="of-source")

    assert refused.value.response["Error"]["Code"] == "MethodNotAllowed"


def test_a_presigned_url_may_what_its_signer_may(owner: Any, other: Any) -> None:
    mine = owner.generate_presigned_url("get_object", Params={"Bucket": "of-source", "Key": "page"})
    theirs = other.generate_presigned_url("get_object", Params={"Bucket": "of-source", "Key": "page"})

    with urllib.request.urlopen(mine) as reply:
        body = reply.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(theirs)

    assert body == b"one"
    assert refused.value.code == 403


def test_an_unsigned_reader_needs_a_public_policy(owner: Any, fresh: Any) -> None:
    closed = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    owner.put_public_access_block(Bucket="of-source", PublicAccessBlockConfiguration=closed)
    url = f"{fresh.endpoint}/of-source/page"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)

    let_in(owner, statement("s3:GetObject", KEYS, "*"))
    with urllib.request.urlopen(url) as reply:
        body = reply.read()

    assert refused.value.code == 403
    assert body == b"one"
