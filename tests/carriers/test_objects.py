from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from resettle.carriers.objects import Objects
from resettle.carriers.objects_copy import Copier
from resettle.carriers.objects_list import Count, Version, chains, ordered, paired
from resettle.errors import NameTaken, StepFailed

FROM, INTO = "carried-from-here", "carried-to-there"
PART = 5 * 1024 * 1024


@pytest.fixture
def objects(crossing: Any) -> Objects:
    carrier = Objects()
    crossing.goal.permit(frozenset((operation, "*") for operation in carrier.writes))
    return carrier


def version(key: str, identity: str = "v", **more: Any) -> Version:
    return Version(key=key, id=identity, modified=more.pop("modified", 1.0), **more)


def in_parts(s3: Any, key: str, *bodies: bytes, **more: Any) -> str:
    upload = s3.create_multipart_upload(Bucket=FROM, Key=key, **more)["UploadId"]
    named = {"Bucket": FROM, "Key": key, "UploadId": upload}
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**named, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, 1)
    ]
    return str(s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})["ETag"])


class Stumbling:
    """An account that does something of its own before the first call of one operation."""

    def __init__(self, account: Any, operation: str, first: Callable[[], None]) -> None:
        self._account, self._operation, self._first = account, operation, first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._account, name)

    def call(self, service: str, operation: str, /, **params: Any) -> Any:
        if operation == self._operation:
            first, self._first = self._first, lambda: None
            first()
        return self._account.call(service, operation, **params)


def test_everything_of_an_object_arrives_and_the_source_is_only_read(crossing: Any, objects: Objects) -> None:
    crossing.settings["deep"] = True
    crossing.spec["WebsiteConfiguration"] = {"IndexDocument": {"Suffix": "i"}}
    crossing.s3.put_object(
        Bucket=FROM,
        Key="빈 자리/+& =.html",
        Body=b"<p>",
        ContentType="text/html",
        CacheControl="no-store",
        Metadata={"who": "me"},
        Tagging="a=b&c=",
        StorageClass="STANDARD_IA",
    )
    crossing.s3.put_object(Bucket=FROM, Key="moved", Body=b"", WebsiteRedirectLocation="/elsewhere")
    before = crossing.written_to_source()

    copied = objects.copy(crossing.job())

    found = crossing.there.head_object(Bucket=INTO, Key="빈 자리/+& =.html")
    tags = crossing.there.get_object_tagging(Bucket=INTO, Key="빈 자리/+& =.html")["TagSet"]
    assert (found["ContentType"], found["CacheControl"], found["StorageClass"]) == (
        "text/html",
        "no-store",
        "STANDARD_IA",
    )
    assert found["Metadata"] == {"who": "me"}
    assert {tag["Key"] for tag in tags} == {"a", "c"}
    assert crossing.there.head_object(Bucket=INTO, Key="moved")["WebsiteRedirectLocation"] == "/elsewhere"
    assert copied.source == copied.target
    assert (copied.source.count, copied.source.bytes) == (2, 3)
    assert crossing.written_to_source() == before


def test_versions_and_delete_markers_arrive_in_their_order(crossing: Any, objects: Objects) -> None:
    crossing.versioned()
    for body in (b"1", b"22", None, b"333"):
        if body is None:
            crossing.s3.delete_object(Bucket=FROM, Key="k")
        else:
            crossing.s3.put_object(Bucket=FROM, Key="k", Body=body)
    crossing.s3.put_object(Bucket=FROM, Key="ka", Body=b"deleted")
    crossing.s3.delete_object(Bucket=FROM, Key="ka")

    copied = objects.copy(crossing.job())

    shown = {key: [(one.marker, one.size) for one in chain] for key, chain in chains(crossing.goal, INTO)}
    assert shown == {
        "k": [(False, 1), (False, 2), (True, 0), (False, 3)],
        "ka": [(False, 7), (True, 0)],
    }
    assert copied.source == copied.target
    assert copied.source.count == 6


def test_a_second_copy_sends_no_write(crossing: Any, objects: Objects) -> None:
    crossing.versioned()
    for body in (b"1", b"2"):
        crossing.s3.put_object(Bucket=FROM, Key="k", Body=body)
    crossing.s3.delete_object(Bucket=FROM, Key="k")
    first = objects.copy(crossing.job())
    crossing.lab.reset_calls()

    second = objects.copy(crossing.job())

    assert second == first
    assert crossing.sent() == {}


def test_catching_up_copies_what_is_new_and_takes_away_what_went(crossing: Any, objects: Objects) -> None:
    for key in ("a", "b", "c"):
        crossing.s3.put_object(Bucket=FROM, Key=key, Body=key.encode())
    objects.copy(crossing.job())
    crossing.s3.delete_object(Bucket=FROM, Key="a")
    crossing.s3.put_object(Bucket=FROM, Key="b", Body=b"another")
    crossing.s3.put_object(Bucket=FROM, Key="d", Body=b"new")
    crossing.lab.reset_calls()

    copied = objects.copy(crossing.job())

    assert [key for key, _ in chains(crossing.goal, INTO)] == ["b", "c", "d"]
    assert crossing.sent() == {"s3:CopyObject": 2, "s3:DeleteObjects": 1}
    assert copied.source == copied.target


def test_catching_up_with_versions_replays_only_the_new_ones(crossing: Any, objects: Objects) -> None:
    crossing.versioned()
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"1")
    objects.copy(crossing.job())
    crossing.s3.delete_object(Bucket=FROM, Key="k")
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"22")
    crossing.lab.reset_calls()

    copied = objects.copy(crossing.job())

    assert crossing.sent() == {"s3:CopyObject": 1, "s3:DeleteObject": 1}
    assert copied.source == copied.target


def test_a_copy_that_was_cut_off_goes_on_where_it_ended(crossing: Any, objects: Objects) -> None:
    for number in range(5):
        crossing.s3.put_object(Bucket=FROM, Key=f"k{number}", Body=b"x" * number)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        objects.copy(crossing.job(target=Stumbling(crossing.goal, "copy_object", stop)))
    copied = objects.copy(crossing.job())

    assert copied.source == copied.target
    assert copied.target.count == 5


def test_what_stood_in_the_target_before_is_neither_overwritten_nor_deleted(crossing: Any, objects: Objects) -> None:
    crossing.there.put_object(Bucket=INTO, Key="theirs", Body=b"precious")
    crossing.s3.put_object(Bucket=FROM, Key="ours", Body=b"x")

    for _ in range(2):
        with pytest.raises(NameTaken) as raised:
            objects.copy(crossing.job())

    assert "theirs" in str(raised.value)
    assert crossing.there.get_object(Bucket=INTO, Key="theirs")["Body"].read() == b"precious"


def test_an_object_in_parts_keeps_its_etag_headers_and_tags(crossing: Any, objects: Objects) -> None:
    crossing.settings["deep"] = True
    etag = in_parts(
        crossing.s3,
        "large",
        b"a" * PART,
        b"b" * PART,
        b"end",
        ContentType="video/mp4",
        Metadata={"m": "n"},
        Tagging="x=y+z",
    )

    copied = objects.copy(crossing.job())

    found = crossing.there.head_object(Bucket=INTO, Key="large")
    assert found["ETag"] == etag
    assert (found["ContentType"], found["Metadata"]) == ("video/mp4", {"m": "n"})
    assert crossing.there.get_object_tagging(Bucket=INTO, Key="large")["TagSet"] == [{"Key": "x", "Value": "y z"}]
    assert copied.source == copied.target


def test_parts_of_uneven_size_are_asked_one_by_one(crossing: Any, objects: Objects) -> None:
    etag = in_parts(crossing.s3, "uneven", b"a" * (PART + 7), b"b" * (2 * PART), b"c" * PART, b"end")

    objects.copy(crossing.job())

    assert crossing.there.head_object(Bucket=INTO, Key="uneven")["ETag"] == etag


def test_what_is_larger_than_one_copy_may_be_goes_in_parts(crossing: Any, objects: Objects) -> None:
    crossing.lab.set(single_copy_limit=PART)
    crossing.settings["single_copy_bytes"] = PART
    crossing.s3.put_object(Bucket=FROM, Key="big", Body=b"a" * (PART + 1), Metadata={"m": "n"})

    copied = objects.copy(crossing.job())
    crossing.lab.reset_calls()
    again = objects.copy(crossing.job())

    assert crossing.there.head_object(Bucket=INTO, Key="big")["Metadata"] == {"m": "n"}
    assert copied.source == copied.target == again.target
    assert copied.source.bytes == PART + 1


def test_an_upload_that_fails_is_ended(crossing: Any, objects: Objects) -> None:
    in_parts(crossing.s3, "large", b"a" * PART, b"end")

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        objects.copy(crossing.job(target=Stumbling(crossing.goal, "upload_part_copy", stop)))

    assert "Uploads" not in crossing.there.list_multipart_uploads(Bucket=INTO)


def test_what_lies_in_an_archive_is_counted_and_the_rest_is_copied(crossing: Any, objects: Objects) -> None:
    for key in ("cold", "colder"):
        crossing.s3.put_object(Bucket=FROM, Key=key, Body=b"x", StorageClass="DEEP_ARCHIVE")
    crossing.s3.put_object(Bucket=FROM, Key="warm", Body=b"x")

    with pytest.raises(StepFailed) as raised:
        objects.copy(crossing.job())

    assert raised.value.because.startswith("2 keys")
    assert "restore" in raised.value.try_this
    assert [key for key, _ in chains(crossing.goal, INTO)] == ["warm"]


def test_a_bucket_that_does_not_admit_the_target_is_named(crossing: Any, objects: Objects) -> None:
    crossing.s3.delete_bucket_policy(Bucket=FROM)
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"x")

    with pytest.raises(StepFailed) as raised:
        objects.copy(crossing.job())

    assert "object k of bucket carried-from-here" in str(raised.value)
    assert "aws/s3" in raised.value.try_this


def test_an_object_that_changes_under_the_copy_is_tallied_as_it_was_copied(crossing: Any, objects: Objects) -> None:
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"listed")
    crossing.s3.put_object(Bucket=FROM, Key="l", Body=b"stays")

    def change() -> None:
        crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"changed since")

    copied = objects.copy(crossing.job(target=Stumbling(crossing.goal, "copy_object", change)))

    assert copied.source == copied.target
    assert crossing.there.get_object(Bucket=INTO, Key="k")["Body"].read() == b"changed since"


def test_an_object_that_goes_under_the_copy_is_left_out(crossing: Any, objects: Objects) -> None:
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"listed")

    def delete() -> None:
        crossing.s3.delete_object(Bucket=FROM, Key="k")

    copied = objects.copy(crossing.job(target=Stumbling(crossing.goal, "copy_object", delete)))

    assert copied.source == copied.target
    assert copied.source.count == 0


def test_under_a_key_of_kms_the_etags_are_left_out_and_nothing_is_copied_twice(crossing: Any, objects: Objects) -> None:
    key = crossing.lab.target.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    encryption = {"Rules": [rule]}
    crossing.there.put_bucket_encryption(Bucket=INTO, ServerSideEncryptionConfiguration=encryption)
    crossing.spec["ServerSideEncryptionConfiguration"] = encryption
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"x")

    copied = objects.copy(crossing.job())

    assert copied.source == copied.target
    assert copied.target.digest.startswith("keys+sizes:")
    assert objects.tally(crossing.goal, INTO, {}) == copied.target


def test_a_key_that_hides_the_etag_in_the_source_alone_does_not_fail_the_copy(crossing: Any, objects: Objects) -> None:
    kms = crossing.lab.source.client("kms")
    key = kms.create_key()["KeyMetadata"]
    account = {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]}
    statement = f'{{"Effect":"Allow","Principal":{account},"Action":"kms:*","Resource":"*"}}'.replace("'", '"')
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=f'{{"Version":"2012-10-17","Statement":[{statement}]}}')
    sealed = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["Arn"]}
    crossing.s3.put_object(Bucket=FROM, Key="k", Body=b"x", **sealed)

    copied = objects.copy(crossing.job())

    assert copied.source == copied.target
    assert copied.target.digest.startswith("keys+sizes+etags:")
    assert objects.tally(crossing.goal, INTO, {}) == copied.target


def test_emptying_leaves_no_version_no_marker_and_no_upload(crossing: Any, objects: Objects) -> None:
    crossing.versioned()
    for body in (b"1", b"2"):
        crossing.there.put_object(Bucket=INTO, Key="k", Body=body)
    crossing.there.delete_object(Bucket=INTO, Key="k")
    crossing.there.create_multipart_upload(Bucket=INTO, Key="half")

    objects.empty(crossing.goal, INTO)

    crossing.there.delete_bucket(Bucket=INTO)
    assert INTO not in {bucket["Name"] for bucket in crossing.there.list_buckets()["Buckets"]}


def test_retention_and_hold_are_stated_unless_they_have_ended(crossing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    crossing.spec["ObjectLockEnabledForBucket"] = True
    later, ended = datetime(2099, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)
    seen = {"ObjectLockMode": "GOVERNANCE", "ObjectLockLegalHoldStatus": "ON"}
    copier = Copier(crossing.job())
    stated = {}

    for name, until in (("later", later), ("ended", ended)):
        monkeypatch.setattr(copier, "head", lambda one, until=until: {**seen, "ObjectLockRetainUntilDate": until})
        stated[name] = copier._kept(version("k"))

    copier.close()
    assert stated == {
        "later": {**seen, "ObjectLockRetainUntilDate": later},
        "ended": {"ObjectLockLegalHoldStatus": "ON"},
    }


def test_two_listings_are_merged_key_by_key() -> None:
    one, two = (version("b"),), (version("c"),)

    merged = list(paired(iter([("a", one), ("b", one)]), iter([("b", two), ("c", two)])))

    assert merged == [("a", one, ()), ("b", one, two), ("c", (), two)]


def test_order_is_known_from_dates_and_asked_for_where_a_marker_shares_its_second() -> None:
    old, marker = version("k", "1", modified=1.0), version("k", "2", modified=2.0, marker=True)
    same, latest = version("k", "3", modified=2.0), version("k", "4", modified=2.0, latest=True)

    assert ordered((marker, old)) == (old, marker)
    assert ordered((latest, marker, old)) == (old, marker, latest)
    assert ordered((same, marker, old)) == ()


@pytest.mark.parametrize("changed", [{"key": "other"}, {"size": 2}, {"etag": "f"}, {"marker": True}])
def test_each_thing_that_a_tally_covers_changes_its_digest(changed: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"key": "k", "size": 1, "etag": "e"}
    digests = []

    for given in (plain, plain | changed):
        count = Count(etags=True)
        count.add([Version(id="v", modified=1.0, **given)])
        digests.append(count.tally().digest)

    assert digests[0] != digests[1]


def test_the_order_of_versions_changes_the_digest_and_their_ids_and_dates_do_not() -> None:
    first, second = version("k", "1", size=1, etag="a"), version("k", "2", size=1, etag="b")
    later = version("k", "9", modified=9.0, size=1, etag="a")
    digests = []

    for chain in ((first, second), (later, second), (second, first)):
        count = Count(etags=True)
        count.add(chain)
        digests.append(count.tally().digest)

    assert [left == right for left, right in itertools.pairwise(digests)] == [True, False]
