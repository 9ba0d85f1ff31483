"""The law of queues, broken with plain boto3 calls."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SOURCE, TARGET = "111122223333", "444455556666"
ARN = f"arn:aws:sqs:ap-northeast-2:{SOURCE}:follow"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def policy(*actions: str, principal: str = TARGET) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": ARN}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def told(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


@pytest.fixture
def owner(source: boto3.Session) -> Any:
    return source.client("sqs")


@pytest.fixture
def other(target: boto3.Session) -> Any:
    return target.client("sqs")


def test_a_new_queue_has_the_defaults_of_today(owner: Any) -> None:
    url = owner.create_queue(QueueName="follow")["QueueUrl"]

    found = told(owner, url)

    assert url.endswith(f"/{SOURCE}/follow")
    assert (found["MaximumMessageSize"], found["SqsManagedSseEnabled"]) == ("1048576", "true")
    assert {"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"} & set(found) == set()


def test_creating_again_is_the_same_only_with_equal_attributes(owner: Any) -> None:
    first = owner.create_queue(QueueName="follow", Attributes={"VisibilityTimeout": "45"})["QueueUrl"]

    again = owner.create_queue(QueueName="follow", Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
    without = owner.create_queue(QueueName="follow")["QueueUrl"]
    code = refusal(owner.create_queue, QueueName="follow", Attributes={"VisibilityTimeout": "46"})

    assert (again, without, code) == (first, first, "QueueAlreadyExists")


def test_a_policy_survives_a_change_of_other_attributes(owner: Any) -> None:
    url = owner.create_queue(QueueName="follow")["QueueUrl"]
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy("sqs:SendMessage")})

    owner.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "45"})
    kept = told(owner, url)
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})

    assert json.loads(kept["Policy"]) == json.loads(policy("sqs:SendMessage"))
    assert "Policy" not in told(owner, url)


def test_a_policy_naming_an_unknown_role_is_refused(owner: Any) -> None:
    url = owner.create_queue(QueueName="follow")["QueueUrl"]
    text = policy("sqs:SendMessage", principal=f"arn:aws:iam::{SOURCE}:role/absent")

    assert refusal(owner.set_queue_attributes, QueueUrl=url, Attributes={"Policy": text}) == "InvalidAttributeValue"


def test_a_key_and_the_queues_own_encryption_exclude_each_other(owner: Any) -> None:
    url = owner.create_queue(QueueName="follow", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})["QueueUrl"]
    first = told(owner, url)

    owner.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    second = told(owner, url)

    assert (first["KmsMasterKeyId"], first["SqsManagedSseEnabled"]) == ("alias/aws/sqs", "false")
    assert ("KmsMasterKeyId" in second, second["SqsManagedSseEnabled"]) == (False, "true")


def test_dead_letters_stay_in_the_account_and_the_allowance_is_kept(owner: Any, other: Any) -> None:
    abroad = told(other, other.create_queue(QueueName="dead")["QueueUrl"])["QueueArn"]
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": abroad, "maxReceiveCount": "3"})}
    foreign = refusal(owner.create_queue, QueueName="follow", Attributes=redrive)
    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [ARN]})
    dead = owner.create_queue(QueueName="dead", Attributes={"RedriveAllowPolicy": allow})["QueueUrl"]

    home = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": told(owner, dead)["QueueArn"], "maxReceiveCount": "3"})}
    url = owner.create_queue(QueueName="follow", Attributes=home)["QueueUrl"]

    assert foreign == "InvalidParameterValue"
    assert json.loads(told(owner, dead)["RedriveAllowPolicy"]) == json.loads(allow)
    assert json.loads(told(owner, url)["RedrivePolicy"])["maxReceiveCount"] == 3
    assert owner.create_queue(QueueName="follow", Attributes=home)["QueueUrl"] == url


def test_a_url_reaches_its_owner_and_only_by_policy(owner: Any, other: Any) -> None:
    url = owner.create_queue(QueueName="follow")["QueueUrl"]
    codes = {
        refusal(other.send_message, QueueUrl=url, MessageBody="x"),
        refusal(other.get_queue_attributes, QueueUrl=url, AttributeNames=["All"]),
        refusal(other.send_message, QueueUrl=url.replace("follow", "absent"), MessageBody="x"),
    }

    actions = ("sqs:SendMessage", "sqs:GetQueueUrl")
    owner.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(*actions)})
    other.send_message(QueueUrl=url, MessageBody="from abroad")

    assert codes == {"AccessDenied"}
    assert other.get_queue_url(QueueName="follow", QueueOwnerAWSAccountId=SOURCE)["QueueUrl"] == url
    assert owner.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "from abroad"
    assert refusal(other.receive_message, QueueUrl=url) == "AccessDenied"
    assert refusal(other.delete_queue, QueueUrl=url) == "AccessDenied"


def test_a_name_is_looked_up_in_the_callers_account(owner: Any, other: Any) -> None:
    owner.create_queue(QueueName="follow")

    assert refusal(other.get_queue_url, QueueName="follow") == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_deleted_queues_name_rests(owner: Any, fresh: Any) -> None:
    fresh.set(queue_name_factor=1.0)
    owner.delete_queue(QueueUrl=owner.create_queue(QueueName="follow")["QueueUrl"])

    code = refusal(owner.create_queue, QueueName="follow")
    fresh.set(queue_name_factor=0.0)
    owner.create_queue(QueueName="follow")

    assert code == "AWS.SimpleQueueService.QueueDeletedRecently"
