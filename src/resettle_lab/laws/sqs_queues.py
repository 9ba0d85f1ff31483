"""Law: a queue's attributes, its name's afterlife, and who reaches it from another account; it delivers nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from resettle_lab.law import Law
from resettle_lab.laws._policy import Caller, Request, caller_of, decide
from resettle_lab.laws._principals import first_unknown
from resettle_lab.world import AwsError, World, aws_error

# AWS page "Basic examples of Amazon SQS policies": these operations can be granted to other accounts.
_SHARED = {
    "change_message_visibility": "ChangeMessageVisibility",
    "change_message_visibility_batch": "ChangeMessageVisibility",
    "delete_message": "DeleteMessage",
    "delete_message_batch": "DeleteMessage",
    "get_queue_attributes": "GetQueueAttributes",
    "purge_queue": "PurgeQueue",
    "receive_message": "ReceiveMessage",
    "send_message": "SendMessage",
    "send_message_batch": "SendMessage",
}
_OWN = ("set_queue_attributes", "delete_queue", "tag_queue", "untag_queue", "list_queue_tags", "add_permission")
_BLOCKED_SECONDS = 60.0


def install(world: World) -> None:
    """Routes queue URLs to their owners, judges foreign callers, and keeps what moto loses."""
    from moto.sqs.models import Queue, SQSBackend
    from moto.sqs.responses import SQSResponse

    for method in (*_SHARED, *_OWN):
        world.patch(SQSResponse, method, _guarded(_SHARED.get(method, "")))
    world.patch(SQSResponse, "sqs_backend", _owners_backend)
    world.patch(SQSResponse, "get_queue_url", _url_of_owner)
    world.patch(Queue, "BASE_ATTRIBUTES", lambda original: [*original, "RedriveAllowPolicy"])
    world.patch(Queue, "_set_attributes", _set_some)
    world.patch(Queue, "_setup_dlq", _dead_letters_at_home)
    world.patch(SQSBackend, "create_queue", lambda original: _created(original, world))
    world.patch(SQSBackend, "delete_queue", _remembered)


def owner_in(url: str) -> str | None:
    """The account in a queue URL, whatever its host is."""
    parts = urlsplit(url).path.strip("/").split("/")
    return parts[0] if len(parts) == 2 and parts[0].isdigit() and len(parts[0]) == 12 else None


def _guarded(action: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def make(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def guarded(response: Any) -> Any:
            owner = _owner(response)
            if owner != response.current_account:
                _check_foreign(response, owner, action)
            return original(response)

        return guarded

    return make


def _owner(response: Any) -> str:
    url = response._get_param("QueueUrl")
    return owner_in(url) or str(response.current_account) if isinstance(url, str) else str(response.current_account)


def _check_foreign(response: Any, owner: str, action: str) -> None:
    """To another account an absent queue and a closed one look alike."""
    from moto.sqs.models import sqs_backends

    queue = sqs_backends[owner][response.region].queues.get(response._get_queue_name())
    if queue is None or not action or not _admits(queue, caller_of(response), action):
        raise _denied(response, action)


def _admits(queue: Any, caller: Caller, action: str) -> bool:
    return decide(queue.policy, caller, Request(action=f"sqs:{action}", resource=queue.queue_arn)) == "Allow"


def _denied(response: Any, action: str) -> AwsError:
    name = response._get_queue_name()
    message = f"User: {caller_of(response).arn} is not authorized to perform: sqs:{action} on resource: {name}"
    return aws_error("AccessDenied", message, 403)


def _owners_backend(original: Any) -> property:
    def sqs_backend(response: Any) -> Any:
        from moto.sqs.models import sqs_backends

        if not hasattr(response, "params"):
            return original.fget(response)
        return sqs_backends[_owner(response)][response.region]

    return property(sqs_backend)


def _url_of_owner(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def get_queue_url(response: Any) -> Any:
        from moto.core.responses import ActionResult
        from moto.sqs.models import sqs_backends

        owner = response._get_param("QueueOwnerAWSAccountId") or response.current_account
        if owner == response.current_account:
            return original(response)
        queue = sqs_backends[owner][response.region].queues.get(response._get_param("QueueName"))
        if queue is None or not _admits(queue, caller_of(response), "GetQueueUrl"):
            raise aws_error("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", 400)
        return ActionResult({"QueueUrl": queue.url(urlsplit(response.uri))})

    return get_queue_url


def _set_some(original: Callable[..., None]) -> Callable[..., None]:
    """moto forgets the policy when other attributes are set; the two kinds of encryption exclude each other."""

    def set_attributes(queue: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        if attributes.get("Policy") and first_unknown(attributes["Policy"]) is not None:
            raise _invalid("Policy")
        kept = {} if "Policy" in attributes or not hasattr(queue, "_policy_json") else {"Policy": queue.policy}
        original(queue, {**attributes, **kept}, now)
        if not hasattr(queue, "redrive_allow_policy") or attributes.get("RedriveAllowPolicy") == "":
            queue.redrive_allow_policy = None
        if attributes.get("KmsMasterKeyId"):
            queue.sqs_managed_sse_enabled = False
        elif _is_true(attributes.get("SqsManagedSseEnabled")):
            queue.kms_master_key_id = None

    return set_attributes


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _invalid(name: str) -> AwsError:
    return aws_error("InvalidAttributeValue", f"Invalid value for the parameter {name}.", 400)


def _dead_letters_at_home(original: Callable[..., None]) -> Callable[..., None]:
    """A dead-letter queue exists, in the same account and region."""

    def setup(queue: Any, policy: Any) -> None:
        from moto.sqs.models import sqs_backends

        wanted = json.loads(policy) if isinstance(policy, str) and policy else policy
        arn = wanted.get("deadLetterTargetArn") if isinstance(wanted, dict) else None
        held = sqs_backends[queue.account_id][queue.region].queues.values()
        if arn is not None and arn not in {one.queue_arn for one in held}:
            message = f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
            raise aws_error("InvalidParameterValue", message, 400)
        original(queue, policy)

    return setup


def _created(original: Callable[..., Any], world: World) -> Callable[..., Any]:
    def create_queue(backend: Any, name: str, tags: dict[str, str] | None = None, **asked: Any) -> Any:
        deleted = getattr(backend, "lab_deleted", {}).get(name)
        blocked = _BLOCKED_SECONDS * float(world.settings.get("queue_name_factor", 0.0))
        if deleted is not None and time.monotonic() - deleted < blocked:
            message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
            raise aws_error("AWS.SimpleQueueService.QueueDeletedRecently", message, 400)
        held = backend.queues.get(name)
        if held is not None and _differs(held, {**asked, "tags": tags}):
            message = f"A queue already exists with the same name and a different value for attributes {sorted(asked)}"
            raise aws_error("QueueAlreadyExists", message, 400)
        return held if held is not None else original(backend, name, tags, **asked)

    return create_queue


def _differs(held: Any, asked: dict[str, Any]) -> bool:
    """Only what the call names is compared; JSON is compared as JSON."""
    has = {**held.attributes, "RedriveAllowPolicy": held.redrive_allow_policy}
    named = {name: value for name, value in asked.items() if name not in ("region", "tags")}
    return any(_plain(value) != _plain(has.get(name)) for name, value in named.items())


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "{":
        parsed = json.loads(value)
        return {name: str(one) if isinstance(one, int) else one for name, one in parsed.items()}
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _remembered(original: Callable[..., None]) -> Callable[..., None]:
    def delete_queue(backend: Any, queue_name: str) -> None:
        original(backend, queue_name)
        backend.lab_deleted = {**getattr(backend, "lab_deleted", {}), queue_name: time.monotonic()}

    return delete_queue


LAW = Law(
    name="sqs-queues",
    rule="Creating a queue again with equal attributes gives it, with others is refused; a URL reaches its owner's queue, from "
    "abroad only by its policy; a dead-letter queue is of the same account; a deleted name rests 60 s.",
    source="Amazon SQS API reference: CreateQueue, SetQueueAttributes, GetQueueUrl, DeleteQueue; Amazon SQS Developer Guide: "
    "Basic examples of Amazon SQS policies",
    install=install,
)
