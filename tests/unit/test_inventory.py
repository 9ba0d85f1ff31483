import json
from pathlib import Path

from tests.support.engine import REGION, SEAL_KEY, SECRET, SOURCE, Move

from resettle import inventory as inventories
from resettle.addresses import AddressBook, Claim
from resettle.inventory import Inventory
from resettle.model import Ref, Side

QUEUE = Ref(Side.SOURCE, REGION, "AWS::SQS::Queue", "orders")
BOOK = AddressBook([Claim("orders-2024", QUEUE, "name", "strong")], source_account=SOURCE, target_account="444455556666")


def test_a_sealed_value_tells_what_it_names_and_not_what_it_is() -> None:
    sealed = inventories.seal("hunter2 for orders-2024", SEAL_KEY, BOOK)

    assert sealed["mentions"] == [[QUEUE.encode(), "name"]]
    assert "hunter2" not in json.dumps(sealed)


def test_equal_values_have_equal_seals_under_one_key_only() -> None:
    one = inventories.seal({"b": 1, "a": 2}, SEAL_KEY, BOOK)

    assert one == inventories.seal({"a": 2, "b": 1}, SEAL_KEY, BOOK)
    assert one["sealed"] != inventories.seal({"a": 2, "b": 1}, b"another key", BOOK)["sealed"]
    assert one["sealed"] != inventories.seal({"a": 2, "b": 2}, SEAL_KEY, BOOK)["sealed"]


def test_a_sealed_spec_sealed_again_is_the_same() -> None:
    spec = {"Name": "n", "SecretString": "hunter2"}

    once = inventories.seal_spec(SECRET, spec, lambda value: inventories.seal(value, SEAL_KEY, BOOK))

    assert inventories.is_sealed(once["SecretString"])
    assert inventories.seal_spec(SECRET, once, lambda value: inventories.seal(value, SEAL_KEY, BOOK)) == once


def test_parked_values_go_back_to_their_places() -> None:
    spec = {"Name": "n", "SecretString": "hunter2"}
    values = inventories.opaque_values(SECRET, spec)
    sealed = inventories.seal_spec(SECRET, spec, lambda value: inventories.seal(value, SEAL_KEY, BOOK))

    assert list(inventories.sealed_places(sealed)) == [("SecretString",)]
    assert inventories.with_values(sealed, values) == spec


def test_an_inventory_reads_back_as_it_was_written_without_what_describe_said(tmp_path: Path) -> None:
    move = Move(tmp_path)
    move.source.secretsmanager_create_secret({"Name": "db", "SecretString": "hunter2"})
    move.source.ec2_create_vpc({"CidrBlock": "10.0.0.0/16"})
    found = move.scan()

    text = json.dumps(found.encode())
    again = Inventory.decode(json.loads(text))

    assert again == found
    assert all(not resource.live for resource in again.resources)
    assert "hunter2" not in text
    assert [resource.ref.kind for resource in again.by_ref.values()] == ["AWS::EC2::VPC", "AWS::SecretsManager::Secret"]


def test_a_sealed_value_tells_the_arns_that_nothing_answers_to_and_no_more_of_itself() -> None:
    book = AddressBook([], source_account="111122223333", target_account="444455556666")

    sealed = inventories.seal("send to arn:aws:sns:ap-northeast-2:111122223333:gone with hunter2hunter2", b"k" * 32, book)

    assert sealed["unknown"] == ["arn:aws:sns:ap-northeast-2:111122223333:gone"]
    assert "hunter2" not in repr(sealed)
    assert "unknown" not in inventories.seal("arn:aws:iam::aws:policy/ReadOnlyAccess", b"k" * 32, book)
