import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

CALLS = [
    ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ("ec2", "describe_vpcs", "AuthFailure"),
    ("s3", "list_buckets", "InvalidAccessKeyId"),
    ("sqs", "list_queues", "InvalidClientTokenId"),
    ("kms", "list_keys", "UnrecognizedClientException"),
    ("lambda", "list_functions", "UnrecognizedClientException"),
]


def code_of(session, service, operation):
    try:
        getattr(session.client(service), operation)()
    except ClientError as refused:
        return refused.response["Error"]["Code"]
    return None


def test_a_revoked_credential_fails_everywhere(fresh, source):
    fresh.revoke("111122223333")

    codes = [code_of(source, service, operation) for service, operation, _ in CALLS]

    assert codes == [code for _, _, code in CALLS]


def test_the_other_account_goes_on_when_one_is_revoked(fresh, target):
    fresh.revoke("111122223333")

    codes = [code_of(target, service, operation) for service, operation, _ in CALLS]

    assert codes == [None] * len(CALLS)


def test_a_revoked_credential_works_again_once_restored(fresh, source):
    fresh.revoke("111122223333")
    fresh.restore_credentials()

    assert code_of(source, "sts", "get_caller_identity") is None


def test_a_url_that_a_revoked_credential_signed_is_dead(fresh, source):
    s3 = source.client("s3")
    s3.create_bucket(Bucket="resettle-signed", CreateBucketConfiguration={"LocationConstraint": fresh.region})
    s3.put_object(Bucket="resettle-signed", Key="page", Body=b"text")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "resettle-signed", "Key": "page"})
    with urllib.request.urlopen(url) as alive:
        before = alive.read()
    fresh.revoke("111122223333")

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url)

    assert before == b"text"
    assert refused.value.code == 403
    assert b"<Code>InvalidAccessKeyId</Code>" in refused.value.read()
