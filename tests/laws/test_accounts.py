import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from resettle_lab.lab import Lab

EXPECTED = [
    ("sts", "get_caller_identity", {}, "InvalidClientTokenId", 403),
    ("iam", "list_roles", {}, "InvalidClientTokenId", 403),
    ("rds", "describe_db_instances", {}, "InvalidClientTokenId", 403),
    ("sqs", "list_queues", {}, "InvalidClientTokenId", 403),
    ("ec2", "describe_vpcs", {}, "AuthFailure", 401),
    ("s3", "list_buckets", {}, "InvalidAccessKeyId", 403),
    ("kms", "list_keys", {}, "UnrecognizedClientException", 400),
    ("secretsmanager", "list_secrets", {}, "UnrecognizedClientException", 400),
    ("ssm", "describe_parameters", {}, "UnrecognizedClientException", 400),
    ("logs", "describe_log_groups", {}, "UnrecognizedClientException", 400),
    ("lambda", "list_functions", {}, "UnrecognizedClientException", 403),
]


def stranger(fresh: Lab, service: str, **keys):
    keys = keys or {"aws_access_key_id": "444455556666", "aws_secret_access_key": "x"}
    return boto3.client(service, endpoint_url=fresh.endpoint, region_name=fresh.region, **keys)


@pytest.mark.parametrize(("service", "operation", "arguments", "code", "status"), EXPECTED)
def test_an_unknown_key_is_refused_with_the_code_of_each_service(fresh, service, operation, arguments, code, status):
    client = stranger(fresh, service)

    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)

    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_each_side_answers_with_its_own_account(source, target):
    identities = [session.client("sts").get_caller_identity() for session in (source, target)]

    assert [identity["Account"] for identity in identities] == ["111122223333", "444455556666"]
    assert identities[0]["Arn"] == "arn:aws:sts::111122223333:assumed-role/resettle-lab/resettle-lab"


def test_a_user_of_the_target_works_with_a_key_of_its_own_until_the_key_is_switched_off(fresh, target):
    iam = target.client("iam")
    iam.create_user(UserName="mover")
    key = iam.create_access_key(UserName="mover")["AccessKey"]
    sts = stranger(fresh, "sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])

    arn = sts.get_caller_identity()["Arn"]
    iam.update_access_key(UserName="mover", AccessKeyId=key["AccessKeyId"], Status="Inactive")

    assert arn == "arn:aws:iam::444455556666:user/mover"
    with pytest.raises(ClientError) as refused:
        sts.get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_request_without_a_signature_is_refused(fresh):
    unsigned = Config(signature_version=UNSIGNED)
    client = boto3.client("sqs", endpoint_url=fresh.endpoint, region_name=fresh.region, config=unsigned)

    with pytest.raises(ClientError) as refused:
        client.list_queues()

    assert "MissingAuthenticationToken" in str(refused.value) or refused.value.response["Error"]["Code"] == "403"


def test_a_presigned_url_acts_as_the_account_that_signed_it(fresh, target):
    url = target.client("sts").generate_presigned_url("get_caller_identity")

    with urllib.request.urlopen(url) as reply:
        text = reply.read().decode()

    assert "<Account>444455556666</Account>" in text


def test_a_head_request_of_an_unknown_key_gets_a_bare_403(fresh, source):
    source.client("s3").create_bucket(Bucket="resettle-head", CreateBucketConfiguration={"LocationConstraint": fresh.region})

    with pytest.raises(ClientError) as refused:
        stranger(fresh, "s3").head_bucket(Bucket="resettle-head")

    assert refused.value.response["Error"]["Code"] == "403"
