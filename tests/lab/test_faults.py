"""The lab's faults: throttling, failures and lost replies, each only when told and the same way each time."""

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 20})
CALLS = {
    "ec2": lambda client: client.describe_vpcs(),
    "iam": lambda client: client.list_roles(),
    "kms": lambda client: client.list_keys(),
    "lambda": lambda client: client.list_functions(),
    "logs": lambda client: client.describe_log_groups(),
    "rds": lambda client: client.describe_db_instances(),
    "s3": lambda client: client.list_buckets(),
    "secretsmanager": lambda client: client.list_secrets(),
    "sqs": lambda client: client.list_queues(),
    "ssm": lambda client: client.describe_parameters(),
}


def failure(session, service):
    with pytest.raises(ClientError) as refused:
        CALLS[service](session.client(service, config=ONCE))
    reply = refused.value.response
    return reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]


def fates(session, count):
    sqs = session.client("sqs", config=ONCE)
    found = ""
    for _ in range(count):
        try:
            sqs.list_queues()
            found += "."
        except ClientError as refused:
            found += "T" if refused.response["Error"]["Code"] == "RequestThrottled" else "E"
        except ConnectionClosedError:
            found += "L"
    return found


def test_a_lab_has_no_faults_unless_told(fresh):
    assert {fresh.settings()[name] for name in ("throttle", "errors", "lose")} == {0}
    assert fates(fresh.source, 50) == "." * 50


def test_each_service_throttles_in_its_own_words(fresh):
    fresh.set(throttle=1.0)

    found = {service: failure(fresh.source, service) for service in CALLS}

    assert found == {
        "ec2": ("RequestLimitExceeded", 503),
        "iam": ("Throttling", 400),
        "kms": ("ThrottlingException", 400),
        "lambda": ("TooManyRequestsException", 429),
        "logs": ("ThrottlingException", 400),
        "rds": ("Throttling", 400),
        "s3": ("SlowDown", 503),
        "secretsmanager": ("ThrottlingException", 400),
        "sqs": ("RequestThrottled", 403),
        "ssm": ("ThrottlingException", 400),
    }


@pytest.mark.parametrize("service", CALLS)
def test_a_failing_service_answers_with_a_status_that_an_sdk_retries(fresh, service):
    fresh.set(errors=1.0)

    assert failure(fresh.source, service)[1] in (500, 503)


def test_sts_is_spared(fresh):
    fresh.set(throttle=0.4, errors=0.4, lose=1.0)

    identity = fresh.source.client("sts", config=ONCE).get_caller_identity()

    assert identity["Account"] == "111122223333"


def test_the_fraction_is_about_what_was_asked_for(fresh):
    fresh.set(throttle=0.3, errors=0.1, lose=0.1, seed=5)

    found = fates(fresh.source, 400)

    assert 80 <= found.count("T") <= 160
    assert 15 <= found.count("E") <= 70
    assert 10 <= found.count("L") <= 60


def test_the_same_seed_gives_the_same_faults_and_another_gives_others(lab):
    found = []
    for seed in (7, 7, 8):
        with lab.fork() as copy:
            copy.set(throttle=0.3, errors=0.05, lose=0.02, seed=seed)
            found.append(fates(copy.source, 80))

    assert found[0] == found[1] != found[2]


def test_other_operations_do_not_change_an_operations_faults(lab):
    found = []
    for others in (0, 1):
        with lab.fork() as copy:
            copy.set(throttle=0.3, seed=7)
            keys = copy.target.client("kms", config=PATIENT)
            found.append("".join(fates(copy.source, 1) + "" * len([keys.list_keys() for _ in range(others)]) for _ in range(40)))

    assert found[0] == found[1]
    assert "T" in found[0]


def test_a_lost_reply_took_effect(fresh):
    sqs = fresh.source.client("sqs", config=ONCE)
    fresh.set(lose=1.0)

    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="made-all-the-same")
    fresh.set(lose=0.0)

    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["made-all-the-same"]


def test_a_throttled_or_failed_call_took_no_effect_and_its_reply_is_not_lost(fresh):
    sqs = fresh.source.client("sqs", config=ONCE)
    for switch in ("throttle", "errors"):
        fresh.set(**{"throttle": 0.0, "errors": 0.0, "lose": 1.0, switch: 1.0})
        with pytest.raises(ClientError):
            sqs.create_queue(QueueName="never-made")
    fresh.set(throttle=0.0, errors=0.0, lose=0.0)

    assert "QueueUrls" not in sqs.list_queues()


def test_a_client_that_tries_again_gets_through_a_storm(fresh):
    fresh.set(throttle=0.3, errors=0.05, lose=0.02, seed=1)
    sqs = fresh.source.client("sqs", config=PATIENT)

    for number in range(8):
        sqs.create_queue(QueueName=f"queue-{number}")
    fresh.set(throttle=0.0, errors=0.0, lose=0.0)

    assert len(sqs.list_queues()["QueueUrls"]) == 8
