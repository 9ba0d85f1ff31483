import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from resettle_lab.lab import Lab, LabFailed
from resettle_lab.law import every_law
from resettle_lab.wire import Server


def bucket(session, name):
    s3 = session.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return s3


def refuses(endpoint):
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def test_a_fork_and_its_parent_do_not_see_each_other(fresh):
    fresh.source.client("sqs").create_queue(QueueName="before")

    with fresh.fork() as copy:
        copy.source.client("sqs").create_queue(QueueName="inside")
        fresh.source.client("sqs").create_queue(QueueName="outside")
        seen_inside = copy.source.client("sqs").list_queues()["QueueUrls"]
    seen_outside = fresh.source.client("sqs").list_queues()["QueueUrls"]

    assert [url.rpartition("/")[2] for url in seen_inside] == ["before", "inside"]
    assert [url.rpartition("/")[2] for url in seen_outside] == ["before", "outside"]


def test_a_forks_config_file_differs_only_in_its_endpoint(fresh):
    with fresh.fork() as copy:
        ours, theirs = fresh.config_file.read_text(), copy.config_file.read_text()

    assert ours != theirs
    assert ours.replace(fresh.endpoint, copy.endpoint) == theirs


def test_a_forks_server_ends_with_its_block(fresh):
    with fresh.fork() as copy:
        listening = not refuses(copy.endpoint)

    time.sleep(0.2)

    assert listening
    assert refuses(copy.endpoint)


def test_a_large_body_reads_the_same_in_a_fork_and_in_its_parent(fresh):
    s3 = bucket(fresh.source, "resettle-large")
    content = os.urandom(12 * 1024 * 1024)
    s3.put_object(Bucket="resettle-large", Key="film", Body=content)

    with fresh.fork() as copy, ThreadPoolExecutor(4) as pool:
        clients = [fresh.source.client("s3"), copy.source.client("s3")] * 4
        bodies = list(pool.map(lambda s3: s3.get_object(Bucket="resettle-large", Key="film")["Body"].read(), clients))

    assert all(body == content for body in bodies)


def test_a_fork_of_a_fork_stands_alone(fresh):
    with fresh.fork() as child, child.fork() as grandchild:
        grandchild.target.client("sqs").create_queue(QueueName="deep")
        counts = [len(each.target.client("sqs").list_queues().get("QueueUrls", [])) for each in (fresh, child, grandchild)]

    assert counts == [0, 0, 1]


def test_forking_under_load_copies_only_whole_requests(fresh):
    sqs = fresh.source.client("sqs")
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(sqs.create_queue, QueueName=f"load-{number}") for number in range(60)]
        with fresh.fork() as copy:
            copied = copy.source.client("sqs").list_queues().get("QueueUrls", [])
            for each in running:
                each.result()
            again = copy.source.client("sqs").list_queues().get("QueueUrls", [])

    assert copied == again
    assert len(sqs.list_queues()["QueueUrls"]) == 60


def test_calls_are_counted_by_account_and_operation(fresh):
    fresh.source.client("sqs").list_queues()
    fresh.target.client("s3").list_buckets()
    fresh.target.client("s3").list_buckets()

    counted = fresh.calls()
    fresh.reset_calls()

    assert counted == {"111122223333": {"sqs:ListQueues": 1}, "444455556666": {"s3:ListBuckets": 2}}
    assert fresh.calls() == {}


def test_calls_made_at_the_same_time_are_all_counted(fresh):
    sqs = fresh.source.client("sqs")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sqs.list_queues(), range(100)))

    assert fresh.calls() == {"111122223333": {"sqs:ListQueues": 100}}


def test_a_program_finds_the_labs_profiles_and_no_others(fresh, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    program = "import boto3; print(boto3.Session(profile_name='lab-target').client('sts').get_caller_identity()['Account'])"

    said = subprocess.run([sys.executable, "-c", program], env=fresh.environment(), capture_output=True, text=True)

    assert said.stdout.strip() == "444455556666", said.stderr


def test_refused_calls_are_counted_too(fresh):
    fresh.revoke("111122223333")

    with pytest.raises(ClientError):
        fresh.source.client("sqs").list_queues()

    assert fresh.calls() == {"111122223333": {"sqs:ListQueues": 1}}


def test_a_vanished_account_leaves_nothing_behind_and_the_other_account_untouched(fresh):
    s3 = bucket(fresh.source, "resettle-old")
    s3.put_object(Bucket="resettle-old", Key="page", Body=b"old")
    bucket(fresh.target, "resettle-new").put_object(Bucket="resettle-new", Key="page", Body=b"new")
    fresh.source.client("kms").create_key()

    fresh.vanish("111122223333")

    with pytest.raises(ClientError) as refused:
        fresh.source.client("kms").list_keys()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"
    kept = fresh.target.client("s3").get_object(Bucket="resettle-new", Key="page")["Body"].read()
    assert kept == b"new"
    with pytest.raises(ClientError) as gone:
        fresh.target.client("s3").list_objects_v2(Bucket="resettle-old")
    assert gone.value.response["Error"]["Code"] == "NoSuchBucket"


def test_settings_reach_the_lab_and_stay_in_their_fork(lab, fresh):
    fresh.set(single_copy_limit=1024)

    assert fresh.settings()["single_copy_limit"] == 1024
    assert lab.settings()["single_copy_limit"] == 5 * 1024**3


def test_an_unknown_control_is_an_error(fresh):
    with pytest.raises(LabFailed, match="no such control"):
        fresh._control("POST", "nonsense")


def test_what_the_emulator_cannot_do_fails_at_once_and_says_so(fresh):
    ec2 = fresh.source.client("ec2")

    with pytest.raises(ClientError) as failed:
        ec2.enable_address_transfer(AllocationId="eipalloc-0abc", TransferAccountId="444455556666")

    error = failed.value.response
    assert error["Error"]["Code"] == "LabEmulatorFailed"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error["ResponseMetadata"]["RetryAttempts"] == 0


def test_metadata_names_with_underscores_and_keys_with_strange_characters_survive(fresh):
    s3 = bucket(fresh.source, "resettle-names")
    key = "a b/ü+%2F?x=1/"
    s3.put_object(Bucket="resettle-names", Key=key, Body=b"1", Metadata={"shelf_mark": "7"})

    head = s3.head_object(Bucket="resettle-names", Key=key)

    assert head["Metadata"] == {"shelf_mark": "7"}
    assert head["ContentLength"] == 1
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="resettle-names")["Contents"]] == [key]


def test_a_body_sent_in_chunks_arrives_whole(fresh):
    s3 = bucket(fresh.source, "resettle-chunks")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "resettle-chunks", "Key": "page"})

    kind = {"Content-Type": "text/plain"}
    asked = urllib.request.Request(url, data=(part for part in (b"one ", b"two")), headers=kind, method="PUT")
    with urllib.request.urlopen(asked):
        pass

    assert s3.get_object(Bucket="resettle-chunks", Key="page")["Body"].read() == b"one two"


def test_the_same_seed_gives_the_same_ids():
    made = []
    for _ in range(2):
        with Lab.start(ids=7) as lab:
            made.append(lab.target.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    assert made[0] == made[1]


def test_a_law_left_out_is_not_in_force():
    with Lab.start(without=("zones",)) as lab:
        zones = lab.target.client("ec2").describe_availability_zones()["AvailabilityZones"]

    assert zones[0]["ZoneId"] == "apne2-az1"


def test_every_law_names_its_rule_and_its_source():
    laws = every_law()

    assert {"accounts", "revoked", "zones"} <= {law.name for law in laws}
    assert all(law.rule.endswith((".", ")")) and len(law.source) > 10 for law in laws)


def test_lab_up_prints_one_line_of_json_and_ends_cleanly_on_sigterm(tmp_path):
    program = "from resettle_lab.cli import lab; lab()"
    command = [sys.executable, "-c", program, "up", "--json", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"{said['endpoint']}/lab/") as reply:
            served = json.load(reply)
        process.send_signal(signal.SIGTERM)
        errors = process.stderr.read()

    assert served == said
    assert set(said) == {
        "endpoint",
        "config_file",
        "source_profile",
        "target_profile",
        "source_account",
        "target_account",
        "region",
    }
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert refuses(said["endpoint"])
    assert Path(said["config_file"]).parent == tmp_path


def test_forks_end_when_the_lab_is_killed(tmp_path):
    program = "from resettle_lab.cli import lab; lab()"
    command = [sys.executable, "-c", program, "up", "--json", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline())
        asked = urllib.request.Request(f"{said['endpoint']}/lab/fork", data=b"{}", method="POST")
        with urllib.request.urlopen(asked) as reply:
            copy = json.load(reply)
        process.kill()

    time.sleep(0.5)

    assert refuses(copy["endpoint"])


def test_the_lab_listens_on_the_loopback_address_only():
    with Server(0, lambda _: None) as server:
        address = server.socket.getsockname()[0]

    assert address == "127.0.0.1"


def test_the_policies_that_aws_keeps_in_every_account_are_there(fresh):
    iam = fresh.target.client("iam")

    policy = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")["Policy"]

    assert policy["IsAttachable"]
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_a_request_whose_body_breaks_off_takes_no_effect(fresh: Lab) -> None:
    s3 = fresh.target.client("s3")
    s3.create_bucket(Bucket="cut-off-uploads", CreateBucketConfiguration={"LocationConstraint": fresh.region})
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "cut-off-uploads", "Key": "half"})
    host, _, path = url.removeprefix("http://").partition("/")
    address, _, port = host.partition(":")

    with socket.create_connection((address, int(port)), timeout=10) as line:
        line.sendall(f"PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n".encode() + b"only this much")
        line.shutdown(socket.SHUT_WR)
        line.recv(1)

    assert s3.list_objects_v2(Bucket="cut-off-uploads")["KeyCount"] == 0
