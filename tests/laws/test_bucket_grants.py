"""The law of grants told one by one, tried with plain boto3 calls."""

from typing import Any

import boto3
import pytest

SEOUL = {"LocationConstraint": "ap-northeast-2"}
GROUPS = "http://acs.amazonaws.com/groups"


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="granting", CreateBucketConfiguration=SEOUL)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    client.put_bucket_ownership_controls(Bucket="granting", OwnershipControls=rules)
    return client


def groups_of(s3: Any) -> set[tuple[str, str]]:
    grants = s3.get_bucket_acl(Bucket="granting")["Grants"]
    return {(one["Grantee"]["URI"], one["Permission"]) for one in grants if one["Grantee"]["Type"] == "Group"}


def test_a_canned_list_of_two_permissions_is_two_grants(s3: Any) -> None:
    s3.put_bucket_acl(Bucket="granting", ACL="log-delivery-write")

    grants = s3.get_bucket_acl(Bucket="granting")["Grants"]

    assert groups_of(s3) == {(f"{GROUPS}/s3/LogDelivery", "WRITE"), (f"{GROUPS}/s3/LogDelivery", "READ_ACP")}
    assert len(grants) == 3
    assert grants[0]["Permission"] == "FULL_CONTROL"


def test_one_header_with_two_grantees_is_two_grants(s3: Any) -> None:
    logs, everyone = f"{GROUPS}/s3/LogDelivery", f"{GROUPS}/global/AuthenticatedUsers"

    s3.put_bucket_acl(Bucket="granting", GrantReadACP=f'uri="{logs}", uri="{everyone}"')

    assert groups_of(s3) == {(logs, "READ_ACP"), (everyone, "READ_ACP")}


def test_what_was_read_can_be_put_again(s3: Any) -> None:
    s3.put_bucket_acl(Bucket="granting", ACL="log-delivery-write")
    read = s3.get_bucket_acl(Bucket="granting")

    s3.put_bucket_acl(Bucket="granting", AccessControlPolicy={"Owner": read["Owner"], "Grants": read["Grants"]})

    assert s3.get_bucket_acl(Bucket="granting")["Grants"] == read["Grants"]
