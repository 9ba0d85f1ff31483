"""The law of queue URLs, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest

from resettle_lab.lab import Lab

SOURCE, TARGET = "111122223333", "444455556666"
HOST = "https://sqs.ap-northeast-2.amazonaws.com"
URL = f"{HOST}/{SOURCE}/follow"
ARN = f"arn:aws:sqs:ap-northeast-2:{SOURCE}:follow"


@pytest.fixture
def sqs(source: boto3.Session) -> Any:
    return source.client("sqs")


def open_to_all(arn: str, action: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_every_operation_gives_the_url_of_aws(sqs: Any) -> None:
    created = sqs.create_queue(QueueName="follow")["QueueUrl"]
    again = sqs.create_queue(QueueName="follow")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": 3})
    first = sqs.create_queue(QueueName="first.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    feeding = sqs.create_queue(QueueName="feeding", Attributes={"RedrivePolicy": redrive})["QueueUrl"]

    asked = sqs.get_queue_url(QueueName="follow")["QueueUrl"]
    listed = sqs.list_queues()["QueueUrls"]
    page = sqs.list_queues(MaxResults=10, QueueNamePrefix="fo")["QueueUrls"]
    sources = sqs.list_dead_letter_source_queues(QueueUrl=created)["queueUrls"]

    assert (created, again, asked, page) == (URL, URL, URL, [URL])
    assert (first, feeding) == (f"{HOST}/{SOURCE}/first.fifo", f"{HOST}/{SOURCE}/feeding")
    assert (sorted(listed), sources) == (sorted([URL, first, feeding]), [feeding])


def test_a_url_bears_the_region_of_its_queue(source: boto3.Session) -> None:
    elsewhere = source.client("sqs", region_name="us-east-1")

    url = elsewhere.create_queue(QueueName="follow")["QueueUrl"]

    assert url == f"https://sqs.us-east-1.amazonaws.com/{SOURCE}/follow"


def test_a_client_of_the_lab_reaches_a_queue_by_its_url(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="follow")["QueueUrl"]

    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "two"}])
    sqs.tag_queue(QueueUrl=url, Tags={"team": "reading"})
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    tags = sqs.list_queue_tags(QueueUrl=url)["Tags"]
    sqs.delete_queue(QueueUrl=url)

    assert sorted(message["Body"] for message in received) == ["one", "two"]
    assert (tags, sqs.list_queues().get("QueueUrls", [])) == ({"team": "reading"}, [])


def test_a_url_stays_the_same_in_a_forked_lab(fresh: Lab) -> None:
    first = fresh.source.client("sqs")
    url = first.create_queue(QueueName="follow")["QueueUrl"]
    first.send_message(QueueUrl=url, MessageBody="one")

    with fresh.fork() as copy:
        second = copy.source.client("sqs")
        listed = second.list_queues()["QueueUrls"]
        received = second.receive_message(QueueUrl=url)["Messages"]
        second.delete_queue(QueueUrl=url)

    assert (listed, [message["Body"] for message in received]) == ([url], ["one"])
    assert first.list_queues()["QueueUrls"] == [url]


def test_the_account_in_a_url_is_the_owner(source: boto3.Session, target: boto3.Session) -> None:
    mine, theirs = source.client("sqs"), target.client("sqs")
    url = mine.create_queue(QueueName="follow", Attributes={"Policy": open_to_all(ARN, "sqs:*")})["QueueUrl"]
    own = theirs.create_queue(QueueName="follow")["QueueUrl"]

    theirs.send_message(QueueUrl=url, MessageBody="to the source")
    found = theirs.get_queue_url(QueueName="follow", QueueOwnerAWSAccountId=SOURCE)["QueueUrl"]

    assert (found, own) == (URL, f"{HOST}/{TARGET}/follow")
    assert [one["Body"] for one in mine.receive_message(QueueUrl=url)["Messages"]] == ["to the source"]
    assert "Messages" not in theirs.receive_message(QueueUrl=own)


def test_topics_and_buckets_still_deliver_to_a_queue(source: boto3.Session, sqs: Any) -> None:
    sns, s3 = source.client("sns"), source.client("s3")
    attributes = {"Policy": open_to_all(ARN, "sqs:SendMessage")}
    url = sqs.create_queue(QueueName="follow", Attributes=attributes)["QueueUrl"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ARN)
    s3.create_bucket(Bucket="reader-covers", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    rules = {"QueueConfigurations": [{"QueueArn": ARN, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="reader-covers", NotificationConfiguration=rules)

    sns.publish(TopicArn=topic, Message="from the topic")
    s3.put_object(Bucket="reader-covers", Key="a.png", Body=b"a")

    bodies = [one["Body"] for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert any("from the topic" in body for body in bodies)
    assert any("a.png" in body for body in bodies)
