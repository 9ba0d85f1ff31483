"""The law of notification destinations, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
SOURCE = "111122223333"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


@pytest.fixture
def s3(source: boto3.Session) -> Any:
    client = source.client("s3")
    client.create_bucket(Bucket="tells-others", CreateBucketConfiguration=SEOUL)
    return client


def to_queue(arn: str) -> dict[str, Any]:
    return {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}


def admits(arn: str, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    more = {"Condition": condition} if condition else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn, **more}]})


def test_a_queue_must_exist_and_admit_s3_for_this_bucket(s3: Any, source: boto3.Session) -> None:
    sqs = source.client("sqs")
    arn = f"arn:aws:sqs:ap-northeast-2:{SOURCE}:events"
    put = {"Bucket": "tells-others", "NotificationConfiguration": to_queue(arn)}
    codes = [refusal(s3.put_bucket_notification_configuration, **put)]
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    codes.append(refusal(s3.put_bucket_notification_configuration, **put))
    other = admits(arn, ArnLike={"aws:SourceArn": "arn:aws:s3:*:*:another-bucket"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": other})
    codes.append(refusal(s3.put_bucket_notification_configuration, **put))

    own = admits(arn, ArnLike={"aws:SourceArn": "arn:aws:s3:*:*:tells-others"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": own})
    s3.put_bucket_notification_configuration(**put)

    assert codes == ["InvalidArgument"] * 3
    kept = s3.get_bucket_notification_configuration(Bucket="tells-others")
    assert kept["QueueConfigurations"][0]["QueueArn"] == arn


def test_a_function_must_exist_and_permit_s3(s3: Any, source: boto3.Session) -> None:
    arn = f"arn:aws:lambda:ap-northeast-2:{SOURCE}:function:absent"
    configuration = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}

    code = refusal(s3.put_bucket_notification_configuration, Bucket="tells-others", NotificationConfiguration=configuration)

    assert code == "InvalidArgument"


def test_a_configuration_without_destinations_is_taken(s3: Any) -> None:
    s3.put_bucket_notification_configuration(Bucket="tells-others", NotificationConfiguration={})

    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="tells-others")
