"""The laws of functions, their code and their permissions, broken with plain boto3 calls."""

import base64
import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

SEOUL = {"LocationConstraint": "ap-northeast-2"}
SOURCE, TARGET = "111122223333", "444455556666"


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def packed(text: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), text)  # without the time: equal texts, equal bytes
    return held.getvalue()


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(session: boto3.Session, name: str = "runner", service: str = "lambda.amazonaws.com") -> str:
    made = session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    return made["Role"]["Arn"]


def allow(session: boto3.Session, action: str, name: str = "runner") -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
    session.client("iam").put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document)


def asked(role_arn: str, **more: Any) -> dict[str, Any]:
    code = {"ZipFile": packed("one")}
    return {
        "FunctionName": "resize",
        "Runtime": "python3.12",
        "Handler": "main.run",
        "Role": role_arn,
        "Code": code,
        **more,
    }


def settled(functions: Any, name: str = "resize") -> dict[str, Any]:
    for _ in range(3):
        found: dict[str, Any] = functions.get_function_configuration(FunctionName=name)
        if found["State"] == "Active" and found["LastUpdateStatus"] == "Successful":
            return found
    raise AssertionError(f"{name} never settled")


@pytest.fixture
def functions(source: boto3.Session) -> Any:
    return source.client("lambda")


def test_the_code_downloads_byte_for_byte_and_its_digest_is_told(functions: Any, source: boto3.Session) -> None:
    code = packed("print('bytes')")
    functions.create_function(**asked(role(source), Code={"ZipFile": code}))

    told = functions.get_function(FunctionName="resize")
    with urllib.request.urlopen(told["Code"]["Location"]) as reply:
        body = reply.read()

    assert body == code
    assert told["Configuration"]["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert told["Code"]["RepositoryType"] == "S3"


def test_a_code_link_dies_with_time_with_its_account_and_by_tampering(functions: Any, source: boto3.Session, fresh: Any) -> None:
    functions.create_function(**asked(role(source)))
    link = functions.get_function(FunctionName="resize")["Code"]["Location"]
    codes = []

    for spoil in (link[:-4] + "0000", link):
        fresh.set(code_link_seconds=600 if spoil != link else -1)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(spoil)
        codes.append(refused.value.code)
    fresh.set(code_link_seconds=600)
    fresh.revoke(SOURCE)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(link)

    assert [*codes, refused.value.code] == [403, 403, 403]


def test_code_comes_from_a_bucket_at_a_version(functions: Any, source: boto3.Session) -> None:
    s3 = source.client("s3")
    s3.create_bucket(Bucket="holds-code", CreateBucketConfiguration=SEOUL)
    s3.put_bucket_versioning(Bucket="holds-code", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="holds-code", Key="code.zip", Body=packed("old"))["VersionId"]
    s3.put_object(Bucket="holds-code", Key="code.zip", Body=packed("new"))
    place = {"S3Bucket": "holds-code", "S3Key": "code.zip"}

    made = functions.create_function(**asked(role(source), Code={**place, "S3ObjectVersion": old}))
    absent = refusal(functions.create_function, **asked(made["Role"], FunctionName="no", Code={**place, "S3Key": "absent"}))

    digest = base64.b64encode(hashlib.sha256(packed("old")).digest()).decode()
    assert (made["CodeSha256"], absent) == (digest, "InvalidParameterValueException")


def test_code_in_a_foreign_bucket_needs_its_policy(source: boto3.Session, target: boto3.Session) -> None:
    s3 = source.client("s3")
    s3.create_bucket(Bucket="holds-code", CreateBucketConfiguration=SEOUL)
    s3.put_object(Bucket="holds-code", Key="code.zip", Body=packed("old"))
    create = target.client("lambda").create_function
    wanted = asked(role(target), Code={"S3Bucket": "holds-code", "S3Key": "code.zip"})
    without = refusal(create, **wanted)

    let = {
        "Effect": "Allow",
        "Principal": {"AWS": TARGET},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::holds-code/*",
    }
    s3.put_bucket_policy(Bucket="holds-code", Policy=json.dumps({"Version": "2012-10-17", "Statement": [let]}))
    made = create(**wanted)

    assert without == "AccessDeniedException"
    assert made["CodeSize"] == len(packed("old"))


def test_code_that_is_no_zip_is_refused(functions: Any, source: boto3.Session) -> None:
    code = refusal(functions.create_function, **asked(role(source), Code={"ZipFile": b"not a zip"}))

    assert code == "InvalidParameterValueException"


def test_a_role_must_exist_trust_lambda_and_be_of_the_account(functions: Any, source: boto3.Session, target: boto3.Session) -> None:
    absent = refusal(functions.create_function, **asked(f"arn:aws:iam::{SOURCE}:role/absent"))
    other = refusal(functions.create_function, **asked(role(source, "ec2-only", "ec2.amazonaws.com")))
    foreign = refusal(functions.create_function, **asked(role(target)))

    assert (absent, other, foreign) == (
        "InvalidParameterValueException",
        "InvalidParameterValueException",
        "AccessDeniedException",
    )


def test_a_function_in_a_vpc_needs_a_real_network_and_the_right_to_use_it(functions: Any, source: boto3.Session) -> None:
    ec2, arn = source.client("ec2"), role(source)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="runner", Description="x", VpcId=vpc)["GroupId"]
    network = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    no_subnet = {**network, "SubnetIds": ["subnet-0123456789abcdef0"]}
    no_group = {**network, "SecurityGroupIds": ["sg-0123456789abcdef0"]}

    without_right = refusal(functions.create_function, **asked(arn, VpcConfig=network))
    allow(source, "ec2:*")
    codes = {refusal(functions.create_function, **asked(arn, VpcConfig=one)) for one in (no_subnet, no_group)}
    functions.create_function(**asked(arn, VpcConfig=network))

    assert {without_right, *codes} == {"InvalidParameterValueException"}
    assert settled(functions)["VpcConfig"] == {**network, "VpcId": vpc, "Ipv6AllowedForDualStack": False}


def test_the_managed_policy_for_vpc_access_is_enough(functions: Any, source: boto3.Session) -> None:
    ec2, arn = source.client("ec2"), role(source)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="runner", Description="x", VpcId=vpc)["GroupId"]

    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    source.client("iam").attach_role_policy(RoleName="runner", PolicyArn=managed)
    functions.create_function(**asked(arn, VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]}))

    assert settled(functions)["VpcConfig"]["VpcId"] == vpc


def test_what_was_configured_is_kept_and_changed(functions: Any, source: boto3.Session) -> None:
    arn = role(source)
    allow(source, "sqs:SendMessage")
    key = source.client("kms").create_key()["KeyMetadata"]["Arn"]
    queue = f"arn:aws:sqs:ap-northeast-2:{SOURCE}:dead"
    kept = {
        "DeadLetterConfig": {"TargetArn": queue},
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/mybrary/resize", "ApplicationLogLevel": "WARN"},
        "KMSKeyArn": key,
        "TracingConfig": {"Mode": "Active"},
    }

    functions.create_function(**asked(arn, **kept))
    first = settled(functions)
    functions.update_function_configuration(
        FunctionName="resize", LoggingConfig={"LogGroup": "/other"}, KMSKeyArn="", TracingConfig={"Mode": "PassThrough"}
    )
    second = settled(functions)

    assert {name: first[name] for name in kept} == kept
    assert (second["LoggingConfig"]["LogGroup"], "KMSKeyArn" in second) == ("/other", False)
    assert second["DeadLetterConfig"] == {"TargetArn": queue}


def test_a_dead_letter_target_needs_the_roles_permission(functions: Any, source: boto3.Session) -> None:
    dead = {"TargetArn": f"arn:aws:sqs:ap-northeast-2:{SOURCE}:dead"}

    code = refusal(functions.create_function, **asked(role(source), DeadLetterConfig=dead))

    assert code == "InvalidParameterValueException"


def test_a_change_waits_for_the_one_before(functions: Any, source: boto3.Session) -> None:
    made = functions.create_function(**asked(role(source)))
    while_pending = refusal(functions.update_function_configuration, FunctionName="resize", Timeout=9)
    settled(functions)
    functions.update_function_code(FunctionName="resize", ZipFile=packed("two"))
    while_updating = refusal(functions.update_function_configuration, FunctionName="resize", Timeout=9)
    settled(functions)

    functions.update_function_configuration(FunctionName="resize", Timeout=9)

    assert made["State"] == "Pending"
    assert (while_pending, while_updating) == ("ResourceConflictException", "ResourceConflictException")
    assert settled(functions)["Timeout"] == 9


def test_a_list_of_functions_tells_no_state(functions: Any, source: boto3.Session) -> None:
    functions.create_function(**asked(role(source)))

    listed = functions.list_functions()["Functions"][0]

    assert {"State", "LastUpdateStatus"} & set(listed) == set()
    assert refusal(functions.create_function, **asked(listed["Role"])) == "ResourceConflictException"


def test_a_statement_id_stands_once_and_reads_as_lambda_writes_it(functions: Any, source: boto3.Session) -> None:
    functions.create_function(**asked(role(source)))
    permission = {
        "FunctionName": "resize",
        "StatementId": "from-bucket",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::covers",
        "SourceAccount": SOURCE,
    }

    functions.add_permission(**permission)
    twice = refusal(functions.add_permission, **permission)
    functions.add_permission(**{**permission, "StatementId": "team", "Principal": TARGET})
    first, second = json.loads(functions.get_policy(FunctionName="resize")["Policy"])["Statement"]

    assert twice == "ResourceConflictException"
    assert first["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::covers"},
        "StringEquals": {"AWS:SourceAccount": SOURCE},
    }
    assert second["Principal"] == {"AWS": f"arn:aws:iam::{TARGET}:root"}
    assert refusal(functions.get_policy, FunctionName="absent") == "ResourceNotFoundException"
