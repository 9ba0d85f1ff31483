from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from resettle.carriers.code import Code
from resettle.errors import StepFailed

INTO = "carried-to-there"
NAME = "carried-function"


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("handler.py", text)
    return file.getvalue()


def digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@pytest.fixture
def code(crossing: Any) -> Code:
    carrier = Code()
    crossing.goal.permit(frozenset((operation, "*") for operation in carrier.writes))
    return carrier


@pytest.fixture
def body(crossing: Any) -> bytes:
    """The zip of a function that stands in the source."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = crossing.lab.source.client("iam").create_role(
        RoleName="runs", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    made = zipped("def handle(event, context): return 1")
    crossing.lab.source.client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.12",
        Handler="handler.handle",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": made},
    )
    return made


def test_the_zip_is_parked_byte_for_byte_and_the_source_is_only_read(crossing: Any, code: Code, body: bytes) -> None:
    before = crossing.written_to_source()

    copied = code.copy(crossing.job(source_id=NAME))

    parked = crossing.there.get_object(Bucket=INTO, Key=copied.facts["key"])["Body"].read()
    assert parked == body
    assert copied.facts == {"key": "resettle-park/content/step/code.zip", "sha256": digest(body)}
    assert copied.source == copied.target
    assert (copied.source.count, copied.source.bytes, copied.source.digest) == (1, len(body), digest(body))
    assert crossing.written_to_source() == before


def test_a_zip_that_lies_in_parking_is_not_sent_again(crossing: Any, code: Code, body: bytes) -> None:
    first = code.copy(crossing.job(source_id=NAME))
    crossing.lab.reset_calls()

    second = code.copy(crossing.job(source_id=NAME))

    assert second == first
    assert crossing.sent() == {}


def test_other_bytes_in_parking_are_replaced(crossing: Any, code: Code, body: bytes) -> None:
    crossing.there.put_object(Bucket=INTO, Key="resettle-park/content/step/code.zip", Body=b"half")

    copied = code.copy(crossing.job(source_id=NAME))

    assert crossing.there.get_object(Bucket=INTO, Key=copied.facts["key"])["Body"].read() == body


def test_bytes_that_lambda_did_not_digest_are_not_parked(crossing: Any, code: Code, body: bytes) -> None:
    class Lying:
        def __getattr__(self, name: str) -> Any:
            return getattr(crossing.origin, name)

        def call(self, *named: str, **params: Any) -> Any:
            reply = crossing.origin.call(*named, **params)
            reply["Configuration"]["CodeSha256"] = digest(b"something else")
            return reply

    with pytest.raises(StepFailed) as raised:
        code.copy(crossing.job(source_id=NAME, source=Lying()))

    assert "digested" in raised.value.because
    assert "Contents" not in crossing.there.list_objects_v2(Bucket=INTO)


def test_a_function_from_an_image_is_refused_by_name(crossing: Any, code: Code) -> None:
    class Image:
        def call(self, *named: str, **params: Any) -> Any:
            uri = "111122223333.dkr.ecr.ap-northeast-2.amazonaws.com/app:1"
            return {"Configuration": {"PackageType": "Image"}, "Code": {"ImageUri": uri}}

    with pytest.raises(StepFailed) as raised:
        code.copy(crossing.job(source_id=NAME, source=Image()))

    assert NAME in raised.value.on
    assert "image" in raised.value.because


def test_a_made_function_is_tallied_by_what_lambda_says(crossing: Any, code: Code, body: bytes) -> None:
    copied = code.copy(crossing.job(source_id=NAME))

    tally = code.tally(crossing.origin, NAME, {})

    assert tally == copied.source
