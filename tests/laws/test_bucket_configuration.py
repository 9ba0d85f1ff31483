"""The law of what a bucket gives back, tried with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="gives-back", CreateBucketConfiguration=SEOUL)
    return client


def test_a_lifecycle_comes_back_whole_and_goes_when_deleted(s3: Any) -> None:
    rule = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "covers/", "ObjectSizeGreaterThan": 4096, "ObjectSizeLessThan": 9999999}},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
    }
    nameless = {"Status": "Disabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 7}}
    s3.put_bucket_lifecycle_configuration(Bucket="gives-back", LifecycleConfiguration={"Rules": [rule, nameless]})

    kept = s3.get_bucket_lifecycle_configuration(Bucket="gives-back")
    s3.delete_bucket_lifecycle(Bucket="gives-back")
    with pytest.raises(ClientError) as refused:
        s3.get_bucket_lifecycle_configuration(Bucket="gives-back")

    assert kept["Rules"][0] == rule
    assert kept["Rules"][1]["ID"]
    assert {name: kept["Rules"][1][name] for name in nameless} == nameless
    assert kept["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    assert refused.value.response["Error"]["Code"] == "NoSuchLifecycleConfiguration"


def test_event_bridge_comes_back_and_an_empty_configuration_clears_it(s3: Any) -> None:
    put = s3.put_bucket_notification_configuration
    put(Bucket="gives-back", NotificationConfiguration={"EventBridgeConfiguration": {}})
    kept = s3.get_bucket_notification_configuration(Bucket="gives-back")

    put(Bucket="gives-back", NotificationConfiguration={})
    cleared = s3.get_bucket_notification_configuration(Bucket="gives-back")

    assert kept["EventBridgeConfiguration"] == {}
    assert "EventBridgeConfiguration" not in cleared


def test_the_payer_is_the_owner_until_changed(s3: Any) -> None:
    before = s3.get_bucket_request_payment(Bucket="gives-back")["Payer"]

    s3.put_bucket_request_payment(Bucket="gives-back", RequestPaymentConfiguration={"Payer": "Requester"})

    assert (before, s3.get_bucket_request_payment(Bucket="gives-back")["Payer"]) == ("BucketOwner", "Requester")
