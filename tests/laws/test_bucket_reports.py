"""The law of a bucket's configurations by id, tried with plain boto3 calls."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
DESTINATION = {"Bucket": "arn:aws:s3:::reports", "Format": "CSV", "AccountId": "111122223333", "Prefix": "out/"}
EXPORT = {"OutputSchemaVersion": "V_1", "Destination": {"S3BucketDestination": {"Format": "CSV", "Bucket": "arn:aws:s3:::reports"}}}
# The middle of each operation's name, the parameter, and a configuration with much in it.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "metrics": (
        "MetricsConfiguration",
        {"Id": "a&b", "Filter": {"And": {"Prefix": "covers/", "Tags": [{"Key": "shelf", "Value": "3"}]}}},
    ),
    "analytics": ("AnalyticsConfiguration", {"Id": "a", "StorageClassAnalysis": {"DataExport": EXPORT}}),
    "inventory": (
        "InventoryConfiguration",
        {
            "Id": "a",
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "OptionalFields": ["Size", "ETag"],
            "Filter": {"Prefix": "covers/"},
            "Destination": {"S3BucketDestination": DESTINATION},
        },
    ),
    "intelligent_tiering": (
        "IntelligentTieringConfiguration",
        {"Id": "a", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
    ),
}


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="reporting", CreateBucketConfiguration=SEOUL)
    return client


def put(s3: Any, kind: str, configuration: dict[str, Any], identifier: str | None = None) -> None:
    call = getattr(s3, f"put_bucket_{kind}_configuration")
    call(Bucket="reporting", Id=identifier or configuration["Id"], **{KINDS[kind][0]: configuration})


def listed(s3: Any, kind: str, **asked: Any) -> dict[str, Any]:
    reply: dict[str, Any] = getattr(s3, f"list_bucket_{kind}_configurations")(Bucket="reporting", **asked)
    return reply


def refusal(call: Any, *given: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(*given, **arguments)
    code: str = refused.value.response["Error"]["Code"]
    return code


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_comes_back_whole_one_by_one_and_in_the_list(s3: Any, kind: str) -> None:
    parameter, configuration = KINDS[kind]
    other = configuration | {"Id": "z"}
    put(s3, kind, other)
    put(s3, kind, configuration)

    got = getattr(s3, f"get_bucket_{kind}_configuration")(Bucket="reporting", Id=configuration["Id"])[parameter]
    every = listed(s3, kind)

    assert got == configuration
    assert every[f"{parameter}List"] == [configuration, other]
    assert every["IsTruncated"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_configuration_is_gone_and_the_bucket_is_not(s3: Any, kind: str) -> None:
    parameter, configuration = KINDS[kind]
    asked = {"Bucket": "reporting", "Id": configuration["Id"]}
    get, delete = (getattr(s3, f"{verb}_bucket_{kind}_configuration") for verb in ("get", "delete"))
    before = refusal(get, **asked)
    put(s3, kind, configuration)

    delete(**asked)

    assert (before, refusal(get, **asked), refusal(delete, **asked)) == ("NoSuchConfiguration",) * 3
    assert f"{parameter}List" not in listed(s3, kind)
    assert s3.head_bucket(Bucket="reporting")["BucketRegion"] == "ap-northeast-2"


def test_an_id_that_differs_from_the_requests_is_malformed(s3: Any) -> None:
    assert refusal(put, s3, "metrics", {"Id": "one"}, "two") == "MalformedXML"


def test_a_list_goes_on_after_a_hundred(s3: Any) -> None:
    for number in range(103):
        put(s3, "metrics", {"Id": f"m-{number:03}"})

    first = listed(s3, "metrics")
    second = listed(s3, "metrics", ContinuationToken=first["NextContinuationToken"])

    assert (len(first["MetricsConfigurationList"]), first["IsTruncated"]) == (100, True)
    assert [one["Id"] for one in second["MetricsConfigurationList"]] == ["m-100", "m-101", "m-102"]
    assert second["IsTruncated"] is False
