import io

import pytest
from moto.sqs.models import SQSBackend

from resettle_lab.front import Front, honour_status
from resettle_lab.server import session_key
from resettle_lab.wire import environ_of
from resettle_lab.world import World, aws_error

pytestmark = pytest.mark.filterwarnings("ignore:Exception.AwsError. with code")


class Shelf:
    count = 1

    def plain(self):
        return "plain"

    @staticmethod
    def fixed():
        return "fixed"

    @classmethod
    def named(cls):
        return cls.__name__

    @property
    def label(self):
        return "label"


class Sub(Shelf):
    pass


@pytest.fixture
def world():
    one = World()
    yield one
    one.uninstall()


def create_queue(world):
    key = session_key(world.source, world.region)
    scope = f"{key.access_key}/20260101/{world.region}/sqs/aws4_request"
    headers = [
        ("Host", "127.0.0.1"),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        ("X-Amz-Target", "AmazonSQS.CreateQueue"),
        ("Content-Type", "application/x-amz-json-1.0"),
    ]
    environ = environ_of("POST", "/", "HTTP/1.1", headers, 80)
    environ["wsgi.input"] = io.BytesIO(b'{"QueueName": "lent"}')
    environ["CONTENT_LENGTH"] = "21"
    return environ


def refusing(_):
    def create_queue(self, *arguments, **named):
        raise aws_error("AccessDenied", "not yours", 403)

    return create_queue


def test_an_error_raised_inside_moto_keeps_its_code_and_status(world):
    honour_status(world)
    world.patch(SQSBackend, "create_queue", refusing)

    status, _, body = Front(world).answer(create_queue(world))

    assert status == 403
    assert b"AccessDenied" in body
    assert b"not yours" in body


def test_a_hook_sees_the_parsed_request_and_its_answer_is_final(world):
    seen = []

    def hook(request):
        seen.append((request.account, request.service, request.operation, request.params, request.method, request.path))
        return 418, {}, "stop"

    world.before(hook)

    reply = Front(world).answer(create_queue(world))

    assert seen == [("111122223333", "sqs", "CreateQueue", {"QueueName": "lent"}, "POST", "/")]
    assert reply == (418, [], b"stop")


def test_a_first_hook_goes_ahead_of_those_before_it(world):
    world.before(lambda _: (200, {}, "second"))
    world.before(lambda _: (200, {}, "first"), first=True)

    assert Front(world).answer(create_queue(world))[2] == b"first"


def test_a_reply_that_an_after_hook_loses_was_still_acted_on(world):
    world.after(lambda request, response: None)
    made = []
    world.patch(SQSBackend, "create_queue", lambda original: lambda self, *a, **k: made.append(1) or original(self, *a, **k))

    reply = Front(world).answer(create_queue(world))

    assert reply is None
    assert made == [1]


def test_an_unforeseen_crash_of_moto_is_told_as_the_emulators_own(world):
    def crash(_):
        def create_queue(self, *arguments, **named):
            return {}["nothing"]

        return create_queue

    world.patch(SQSBackend, "create_queue", crash)

    status, _, body = Front(world).answer(create_queue(world))

    assert status == 501
    assert b"LabEmulatorFailed" in body


def test_every_sort_of_attribute_can_be_patched_and_comes_back(world):
    world.patch(Shelf, "plain", lambda original: lambda self: original(self) + "!")
    world.patch(Shelf, "fixed", lambda original: lambda: original() + "!")
    world.patch(Shelf, "named", lambda original: lambda cls: original(cls) + "!")
    world.patch(Shelf, "label", lambda original: property(lambda self: original.fget(self) + "!"))
    world.patch(Shelf, "count", lambda original: original + 1)
    patched = (Sub().plain(), Sub.fixed(), Sub.named(), Sub().label, Sub.count)

    world.uninstall()

    assert patched == ("plain!", "fixed!", "Sub!", "label!", 2)
    assert (Sub().plain(), Sub.fixed(), Sub.named(), Sub().label, Sub.count) == ("plain", "fixed", "Sub", "label", 1)


def test_an_inherited_attribute_is_patched_on_its_heir_only(world):
    world.patch(Sub, "plain", lambda original: lambda self: original(self) + "!")

    assert (Sub().plain(), Shelf().plain()) == ("plain!", "plain")
    world.uninstall()
    assert "plain" not in vars(Sub)


def test_patches_laid_over_each_other_come_off_in_turn(world):
    world.patch(Shelf, "plain", lambda original: lambda self: original(self) + "1")
    world.patch(Shelf, "plain", lambda original: lambda self: original(self) + "2")

    both = Shelf().plain()
    world.uninstall()

    assert (both, Shelf().plain()) == ("plain12", "plain")
