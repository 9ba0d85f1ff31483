"""The only way out: errors by AWS's code, pages to their end, nothing made twice, nothing sent that was not allowed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from resettle.account import Account
from resettle.calllog import REPLY_LOST, CallLog
from resettle.errors import BadInput, CallFailed, CredentialsGone, Denied, Refused, Throttled, WrongAccount
from resettle.model import Side

SOURCE, TARGET = "111122223333", "444455556666"
MOTO = "123456789012"
ANY = frozenset({("sqs:CreateQueue", "*"), ("ssm:PutParameter", "*"), ("ec2:CreateVpc", "*"), ("s3:CreateBucket", "*")})


class Server:
    """A server on 127.0.0.1 that gives the answers it was told, in order, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes] | None] = []
        self.asked: list[tuple[str, str, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.command, self.path, body))
                reply = outer.answers.pop(0) if outer.answers else (500, {}, b"")
                if reply is None:
                    self.close_connection = True
                    return
                status, headers, text = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)
                if headers.get("Content-Length"):
                    self.close_connection = True

            do_GET = do_HEAD = do_PUT = do_POST = answer

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "config"
    config.write_text("[profile team]\naws_access_key_id = AKIDTEAM\naws_secret_access_key = secret\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return config


@pytest.fixture
def at_server(server: Server, profiles: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    profiles.write_text(profiles.read_text() + f"endpoint_url = {server.url}\n")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return server


def account(side: Side = Side.TARGET, *, expected: str = "", **more: Any) -> Account:
    given = {"profile": "team", "region": "ap-northeast-2", "log": CallLog(), "connections": 4, **more}
    return Account(side, expected=expected, **given)


def stubbed(made: Account, service: str) -> Stubber:
    stubber = Stubber(made._client(service))
    stubber.activate()
    return stubber


def ec2(name: str, inner: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, f'<{name} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inner}</{name}>'.encode()


def ec2_error(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
    return (
        status,
        {},
        f"<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>".encode(),
    )


def caller(number: str) -> tuple[int, dict[str, str], bytes]:
    inner = f"<Account>{number}</Account><Arn>arn:aws:iam::{number}:user/u</Arn><UserId>u</UserId>"
    result = f"<GetCallerIdentityResult>{inner}</GetCallerIdentityResult>"
    return 200, {}, f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>".encode()


@mock_aws
def test_identify_tells_the_account_its_arn_and_alias() -> None:
    made = account(allowed=frozenset({("iam:CreateAccountAlias", "the-team")}))
    made.call("iam", "create_account_alias", AccountAlias="the-team")

    identity = made.identify()

    assert (identity.account, identity.alias) == (MOTO, "the-team")
    assert identity.arn.startswith(f"arn:aws:sts::{MOTO}:")
    assert made.id == MOTO


@mock_aws
def test_a_profile_that_leads_elsewhere_is_the_wrong_account() -> None:
    with pytest.raises(WrongAccount, match=f"account {MOTO}, not to {SOURCE}"):
        account(Side.SOURCE, expected=SOURCE).identify()


@mock_aws
def test_no_write_reaches_a_wrong_account_although_nobody_identified_it() -> None:
    made = account(expected=TARGET, allowed=ANY)

    with pytest.raises(WrongAccount):
        made.call("sqs", "create_queue", QueueName="jobs")

    assert list(made._log.counts) == [(Side.TARGET, "sts:GetCallerIdentity")]


@mock_aws
def test_the_identity_is_asserted_once_before_writes() -> None:
    made = account(expected=MOTO, allowed=ANY)

    for name in ("a", "b", "c"):
        made.call("sqs", "create_queue", QueueName=name)

    assert made._log.counts[Side.TARGET, "sts:GetCallerIdentity"] == 1


def test_an_alias_that_we_may_not_ask_for_is_empty() -> None:
    made = account()
    stubbed(made, "sts").add_response(
        "get_caller_identity", {"Account": TARGET, "Arn": f"arn:aws:iam::{TARGET}:user/u", "UserId": "u"}
    )
    stubbed(made, "iam").add_client_error("list_account_aliases", "AccessDenied")

    assert made.identify().alias == ""


@mock_aws
def test_a_write_that_nobody_allowed_is_never_sent() -> None:
    made = account(Side.SOURCE)

    with pytest.raises(Refused, match="sqs:CreateQueue"):
        made.call("sqs", "create_queue", QueueName="jobs")

    assert made.call("sqs", "list_queues") == {}
    assert list(made._log.counts) == [(Side.SOURCE, "sqs:ListQueues")]


def test_the_guard_stands_before_presigned_addresses_too() -> None:
    client = account(Side.SOURCE)._client("s3")

    with pytest.raises(Refused):
        client.generate_presigned_url("put_object", {"Bucket": "b", "Key": "k"})
    with pytest.raises(Refused):
        client.generate_presigned_post("b", "k")

    assert "k" in client.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"})


@mock_aws
def test_after_a_refusal_no_call_leaves(server: Server) -> None:
    made = account(Side.SOURCE)

    made.refuse("build does not contact the source")

    with pytest.raises(Refused):
        made.identify()
    with pytest.raises(Refused):
        list(made.every("ec2", "describe_vpcs"))
    with pytest.raises(Refused):
        made.http("GET", server.url)
    assert not made._log.counts and not server.asked


@mock_aws
def test_the_inspector_sees_the_parameters_as_the_caller_wrote_them() -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    made = account(allowed=ANY, inspect=lambda operation, params: seen.append((operation, dict(params))))

    made.call("sqs", "create_queue", QueueName="jobs", Attributes={"DelaySeconds": "5"})

    assert seen == [("sqs:CreateQueue", {"QueueName": "jobs", "Attributes": {"DelaySeconds": "5"}})]


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        *((code, 400, Denied) for code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")),
        *((code, 403, Denied) for code in ("Client.UnauthorizedOperation", "AuthorizationError", "403")),
        *((code, 400, CredentialsGone) for code in ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId")),
        *((code, 403, CredentialsGone) for code in ("UnrecognizedClientException", "InvalidAccessKeyId")),
        *((code, 403, CredentialsGone) for code in ("SignatureDoesNotMatch", "RequestExpired")),
        ("AuthFailure", 401, CredentialsGone),
        ("AuthFailure", 400, Denied),
        *((code, 400, Throttled) for code in ("ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")),
        ("LimitExceededException", 400, CallFailed),
        ("InvalidGroup.NotFound", 400, CallFailed),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, CallFailed),
    ],
)
def test_an_error_is_told_by_its_code(code: str, status: int, error: type[CallFailed]) -> None:
    made = account(Side.SOURCE)
    stubbed(made, "sqs").add_client_error("get_queue_url", code, "the text", http_status_code=status)

    with pytest.raises(CallFailed) as raised:
        made.call("sqs", "get_queue_url", QueueName="jobs")

    assert type(raised.value) is error
    assert raised.value.code == code
    assert "while calling sqs:GetQueueUrl on the source account" in str(raised.value)
    assert "the text" in str(raised.value)


def test_credentials_that_are_gone_advise_to_log_in_with_the_profile() -> None:
    made = account(expected=TARGET)
    stubbed(made, "sts").add_client_error("get_caller_identity", "ExpiredToken")

    with pytest.raises(CredentialsGone, match=r"account 444455556666 \(target\).*aws sso login --profile team"):
        made.identify()


def test_a_profile_without_credentials_has_them_gone(profiles: Path) -> None:
    profiles.write_text("[profile team]\nregion = x\n")

    with pytest.raises(CredentialsGone, match="NoCredentialsError"):
        account().call("sqs", "list_queues")


def test_a_profile_that_may_not_assume_its_role_has_no_credentials(at_server: Server, profiles: Path) -> None:
    role = "role_arn = arn:aws:iam::111122223333:role/mover\nsource_profile = base\n[profile base]\n"
    profiles.write_text(profiles.read_text().replace("[profile team]\n", f"[profile team]\n{role}"))
    profiles.write_text(profiles.read_text().replace("source_profile", f"endpoint_url = {at_server.url}\nsource_profile"))
    denied = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    at_server.answers = [(403, {}, denied)]

    with pytest.raises(CredentialsGone, match="getting credentials by AssumeRole"):
        account().call("sqs", "list_queues")


def test_a_profile_that_does_not_exist_is_bad_input() -> None:
    with pytest.raises(BadInput, match="nobody"):
        account(profile="nobody").call("sqs", "list_queues")


def test_parameters_that_do_not_fit_are_told_by_name_and_never_by_value() -> None:
    made = account(allowed=ANY)

    with pytest.raises(CallFailed) as raised:
        made.call("ssm", "put_parameter", Name="n", Value=["hunter2"], Nonsense="hunter2")

    assert "do not fit the model (Nonsense, Value)" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_secret_that_aws_quotes_does_not_stand_in_the_error() -> None:
    made = account(allowed=ANY)
    stubbed(made, "ssm").add_client_error("put_parameter", "ValidationException", "Value 'hunter2' failed at 'value'")

    with pytest.raises(CallFailed) as raised:
        made.call("ssm", "put_parameter", Name="n", Value="hunter2", Type="SecureString")

    assert "Value '•••' failed" in str(raised.value)


def test_an_unknown_operation_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no operation describe_everything"):
        account().call("ec2", "describe_everything")


def test_an_endpoint_that_nobody_answers_is_told_by_host(profiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    profiles.write_text(profiles.read_text() + "endpoint_url = http://127.0.0.1:1\n")

    with pytest.raises(CallFailed, match=r"EndpointConnectionError at 127\.0\.0\.1") as raised:
        account(allowed=ANY).call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")

    assert raised.value.code == "EndpointConnectionError"


def test_a_throttled_call_is_sent_again_until_it_is_answered(at_server: Server, tmp_path: Path) -> None:
    at_server.answers = [ec2_error(503, "RequestLimitExceeded")] * 3 + [ec2("CreateVpcResponse", "<vpc><vpcId>vpc-1</vpcId></vpc>")]
    made = account(allowed=ANY, log=CallLog(tmp_path / "calls.jsonl"))

    vpc = made.call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]

    assert vpc["VpcId"] == "vpc-1"
    assert json.loads((tmp_path / "calls.jsonl").read_text())["retries"] == 3


def test_a_throttle_that_never_ends_is_throttled_after_ten_attempts(at_server: Server) -> None:
    at_server.answers = [ec2_error(503, "RequestLimitExceeded")] * 20

    with pytest.raises(Throttled):
        account().call("ec2", "describe_vpcs")

    assert len(at_server.asked) == 10


@pytest.mark.parametrize("answer", [None, ec2_error(500, "InternalError"), (502, {}, b"<html>Bad gateway</html>")])
def test_what_may_have_been_made_is_not_sent_twice(at_server: Server, answer: Any) -> None:
    at_server.answers = [answer, ec2("CreateVpcResponse", "")]
    made = account(allowed=ANY)

    with pytest.raises(CallFailed) as raised:
        made.call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")

    assert raised.value.code == REPLY_LOST
    assert len(at_server.asked) == 1
    assert made._log.counts[Side.TARGET, "ec2:CreateVpc"] == 1


@pytest.mark.parametrize("answer", [None, ec2_error(500, "InternalError")])
def test_a_read_whose_reply_is_lost_is_sent_again(at_server: Server, answer: Any) -> None:
    at_server.answers = [answer, ec2("DescribeVpcsResponse", "<vpcSet/>")]

    assert account().call("ec2", "describe_vpcs")["Vpcs"] == []
    assert len(at_server.asked) == 2


def test_a_write_is_preceded_by_the_identity_on_the_wire(at_server: Server) -> None:
    at_server.answers = [caller(TARGET), ec2("CreateVpcResponse", "")]

    account(expected=TARGET, allowed=ANY).call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")

    assert [b"GetCallerIdentity" in body for _, _, body in at_server.asked] == [True, False]


@mock_aws
def test_every_page_comes_in_order_and_the_largest_is_asked_for() -> None:
    made = account(allowed=ANY)
    for number in range(7):
        made.call("sqs", "create_queue", QueueName=f"jobs-{number}")

    pages = list(made.every("sqs", "list_queues", MaxResults=3))

    assert [len(page["QueueUrls"]) for page in pages] == [3, 3, 1]
    assert "ResponseMetadata" not in pages[0]
    assert len(list(made.every("sqs", "list_queues"))) == 1


def test_tokens_are_followed_where_botocore_has_no_paginator() -> None:
    made = account(Side.SOURCE)
    stubber = stubbed(made, "secretsmanager")
    given = {"SecretId": "s", "MaxResults": 100}
    stubber.add_response("list_secret_version_ids", {"Versions": [{"VersionId": "v" * 32}], "NextToken": "t"}, given)
    stubber.add_response("list_secret_version_ids", {"Versions": []}, {**given, "NextToken": "t"})

    pages = list(made.every("secretsmanager", "list_secret_version_ids", SecretId="s"))

    assert [len(page["Versions"]) for page in pages] == [1, 0]
    stubber.assert_no_pending_responses()


def test_a_token_that_comes_twice_ends_in_an_error() -> None:
    made = account(Side.SOURCE)
    stubber = stubbed(made, "secretsmanager")
    for _ in range(2):
        stubber.add_response("list_secret_version_ids", {"NextToken": "t"})

    with pytest.raises(CallFailed, match="PaginationError"):
        list(made.every("secretsmanager", "list_secret_version_ids", SecretId="s"))


def test_a_token_beside_a_list_that_is_not_truncated_is_not_followed() -> None:
    made = account(Side.SOURCE)
    reply = {"IsTruncated": False, "ContinuationToken": "a", "NextContinuationToken": "b"}
    stubbed(made, "s3").add_response("list_bucket_inventory_configurations", reply)

    assert len(list(made.every("s3", "list_bucket_inventory_configurations", Bucket="b"))) == 1


def test_a_denied_page_is_no_empty_list() -> None:
    made = account(Side.SOURCE)
    stubber = stubbed(made, "ec2")
    stubber.add_response("describe_vpcs", {"Vpcs": [], "NextToken": "t"})
    stubber.add_client_error("describe_vpcs", "UnauthorizedOperation")

    with pytest.raises(Denied):
        list(made.every("ec2", "describe_vpcs"))


@mock_aws
def test_a_line_of_the_log_names_the_resource_and_no_value(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    made = account(allowed=ANY, log=CallLog(path))

    made.call("ssm", "put_parameter", Value="hunter2", Name="/app/password", Type="SecureString")
    with pytest.raises(CallFailed):
        made.call("ssm", "get_parameter", Name="/app/nothing")

    first, second = map(json.loads, path.read_text().splitlines())
    assert (first["operation"], first["resource"], first["status"]) == ("PutParameter", "/app/password", "ok")
    assert (second["operation"], second["status"], second["side"]) == ("GetParameter", "ParameterNotFound", "target")
    assert "hunter2" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


@mock_aws
def test_sixteen_threads_share_an_account() -> None:
    made = account(allowed=ANY, connections=16)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                made.call("sqs", "create_queue", QueueName=f"jobs-{number}-{turn}")
                made.call("s3", "list_buckets")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert made._log.counts == {(Side.TARGET, "sqs:CreateQueue"): 80, (Side.TARGET, "s3:ListBuckets"): 80}


def test_a_body_that_breaks_off_is_an_error_and_no_short_file(at_server: Server) -> None:
    at_server.answers = [(200, {"Content-Length": "100"}, b"short"), (200, {}, b"whole")]
    made = account(Side.SOURCE)

    with pytest.raises(CallFailed, match="s3:GetObject"):
        made.call("s3", "get_object", Bucket="bucket", Key="k")["Body"].read()

    with made.call("s3", "get_object", Bucket="bucket", Key="k")["Body"] as body:
        assert b"".join(body.iter_chunks(2)) == b"whole"


def test_an_address_is_fetched_streamed_and_logged_without_its_query(server: Server, tmp_path: Path) -> None:
    server.answers = [(200, {"X-Kind": "zip"}, b"code" * 1000)]
    made = account(Side.SOURCE, log=CallLog(tmp_path / "calls.jsonl"))
    file = io.BytesIO()

    with made.http("GET", f"{server.url}/code.zip?X-Amz-Signature=abc") as response:
        size = response.save(file)

    assert (response.status, response.headers["x-kind"], size) == (200, "zip", 4000)
    assert file.getvalue() == b"code" * 1000
    assert "abc" not in (tmp_path / "calls.jsonl").read_text()


def test_a_status_is_an_answer_and_a_passing_failure_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.answers = [(503, {}, b""), None, (404, {}, b"no such blob")]

    with account(Side.SOURCE).http("GET", f"{server.url}/blob") as response:
        assert (response.status, response.read()) == (404, b"no such blob")

    assert len(server.asked) == 3


def test_a_body_by_address_is_sent_again_from_its_start(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.answers = [(500, {}, b""), (201, {}, b"")]
    file = io.BytesIO(b"##layer")
    file.seek(2)
    made = account(allowed=frozenset({("http:PUT", "127.0.0.1")}))

    with made.http("PUT", f"{server.url}/blob", body=file) as response:
        assert response.status == 201

    assert [body for _, _, body in server.asked] == [b"layer", b"layer"]


def test_what_is_posted_is_sent_once(server: Server) -> None:
    server.answers = [(500, {}, b""), (201, {}, b"")]
    made = account(allowed=frozenset({("http:POST", "127.0.0.1")}))

    with made.http("POST", f"{server.url}/uploads") as response:
        assert response.status == 500

    assert len(server.asked) == 1


def test_a_lost_reply_to_a_post_is_a_lost_reply(server: Server) -> None:
    server.answers = [None]

    with pytest.raises(CallFailed) as raised:
        account(allowed=frozenset({("http:POST", "127.0.0.1")})).http("POST", f"{server.url}/?X-Amz-Signature=abc")

    assert raised.value.code == REPLY_LOST
    assert "abc" not in str(raised.value)


def redirect(to: str) -> tuple[int, dict[str, str], bytes]:
    return 307, {"Location": to}, b""


def test_a_redirect_is_followed_on_the_same_host_only(server: Server) -> None:
    server.answers = [redirect("/there"), (200, {}, b"here"), redirect("https://elsewhere.example/there")]
    made = account(Side.SOURCE)

    with made.http("GET", server.url) as response:
        assert response.read() == b"here"
    with pytest.raises(Refused, match=r"another host, elsewhere\.example"):
        made.http("GET", server.url)

    assert [path for _, path, _ in server.asked] == ["/", "/there", "/"]


def test_a_circle_of_redirects_ends(server: Server) -> None:
    server.answers = [redirect("/again") for _ in range(10)]

    with pytest.raises(CallFailed, match="redirects"):
        account(Side.SOURCE).http("GET", server.url)


@pytest.mark.parametrize("method", ["PUT", "POST", "delete", "PATCH"])
def test_a_write_by_address_never_leaves_to_the_source(server: Server, method: str) -> None:
    with pytest.raises(Refused):
        account(Side.SOURCE).http(method, server.url, body=b"x")

    assert not server.asked


def test_a_write_by_address_reaches_no_wrong_account(at_server: Server) -> None:
    at_server.answers = [caller(SOURCE)]
    made = account(expected=TARGET, allowed=frozenset({("http:PUT", "127.0.0.1")}))

    with pytest.raises(WrongAccount):
        made.http("PUT", f"{at_server.url}/blob", body=b"x")

    assert all(method == "POST" for method, _, _ in at_server.asked)


def test_an_account_is_the_source_or_the_target() -> None:
    with pytest.raises(ValueError, match="source or the target"):
        account(Side.NEW)


def test_importing_the_account_does_not_import_the_sdk() -> None:
    program = "import sys, resettle.account; sys.exit('botocore' in sys.modules or 'boto3' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_clients_are_made_once_each() -> None:
    made = account()

    client = made._client("sqs")

    assert made._client("sqs") is client
    assert client.meta.config.retries["mode"] == "standard"
    assert client.meta.config.retries["total_max_attempts"] == 10
