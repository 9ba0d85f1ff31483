"""Carries the objects of a bucket, all versions of them, into another account's bucket by copies inside S3.

It never writes to the source, and never overwrites or deletes in a target bucket that was not empty when it began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from resettle.account import Account
from resettle.carriers import Copied, Job
from resettle.carriers.objects_copy import Archived, Copier, Gone, remove
from resettle.carriers.objects_deep import compare
from resettle.carriers.objects_list import Chain, Count, Version, chains, hides_etags, paired
from resettle.errors import NameTaken, StepFailed
from resettle.model import Tally

THREADS = 16
UNDER_WAY = 512  # keys at once between listing and tally
SAVE_EVERY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of one key: its versions as they were carried, or that it lies in an archive."""

    key: str
    chain: Chain = ()
    archived: bool = False


class Objects:
    """The carrier `objects`. The source's tally is of what was carried, so that a source in use does not put it wrong; what
    changes there afterwards is for the next run, which copies only that."""

    name = "objects"
    writes = frozenset(
        {
            "s3:AbortMultipartUpload",
            "s3:CompleteMultipartUpload",
            "s3:CopyObject",
            "s3:CreateMultipartUpload",
            "s3:DeleteObject",
            "s3:DeleteObjects",
            "s3:UploadPartCopy",
        }
    )

    def copy(self, job: Job) -> Copied:
        """Brings every version across, oldest first, and takes away in the target what the source no longer has."""
        copier, ours = Copier(job), self._ours(job)
        etags = not copier.hidden
        source, archived = Count(etags=etags), 0
        try:
            if ours:
                _abort_uploads(job.target, job.target_id)
            both = paired(chains(job.source, job.source_id), chains(job.target, job.target_id))
            keys = _Keys(copier, ours=ours, deep=bool(job.settings.get("deep")))
            for number, carried in enumerate(_in_order(keys.carry, both), 1):
                source.add(carried.chain)
                archived += carried.archived
                if number % SAVE_EVERY == 0:
                    job.save({"ours": ours, "after": carried.key, "keys": number})
                    job.progress(f"objects of {job.source_id}", source.count, 0)
        finally:
            copier.close()
        if archived:
            raise _in_archive(job.source_id, archived)
        facts = {"covers": "keys, sizes, " + ("ETags" if etags else "no ETags, which SSE-KMS hides")}
        target = _counted(job.target, job.target_id, etags=etags)
        return Copied(source=source.tally(), target=target, facts=facts)

    def tally(self, account: Account, identity: str, live: Mapping[str, Any]) -> Tally:
        """Counts versions and delete markers, and digests keys, order, sizes and, unless SSE-KMS hides them, ETags."""
        if "ServerSideEncryptionConfiguration" not in live:
            live = account.call("s3", "get_bucket_encryption", Bucket=identity)
        return _counted(account, identity, etags=not hides_etags(live))

    def empty(self, account: Account, identity: str) -> None:
        """Deletes all versions and delete markers and ends all uploads. Raises StepFailed where something is locked."""
        _abort_uploads(account, identity)
        waiting: list[Version] = []
        for _key, chain in chains(account, identity):
            waiting += chain
            if len(waiting) >= SAVE_EVERY:
                remove(account, identity, waiting)
                waiting = []
        remove(account, identity, waiting)

    def _ours(self, job: Job) -> bool:
        """Whether all in the target bucket came by us: it was empty when we first saw it."""
        if "ours" not in job.cursor:
            ours = next(chains(job.target, job.target_id), None) is None
            job.save({"ours": ours})
            return ours
        return bool(job.cursor["ours"])


class _Keys:
    """Brings single keys across."""

    def __init__(self, copier: Copier, *, ours: bool, deep: bool) -> None:
        self._copier, self._ours, self._deep = copier, ours, deep

    def carry(self, key: str, source: Chain, target: Chain) -> Carried:
        """Leaves alone what is there already, and replays the rest of the key's versions on top of it."""
        done, found = [], 0
        for original, copy in zip(source, target, strict=False):
            same = self._same(original, copy)
            if same is None:
                break
            done.append(same)
            found += 1
        surplus = target[found:]
        overwritten = bool(surplus and source) and not self._copier.versioned
        if surplus:
            self._clear(key, surplus, overwritten=overwritten)
        try:
            for original in source[found:]:
                done += self._replayed(original)
        except Archived:
            return Carried(key=key, archived=True)
        if overwritten and not done:
            self._copier.remove(surplus)  # it went from the source while we were at it
        return Carried(key=key, chain=tuple(done))

    def _replayed(self, original: Version) -> list[Version]:
        if original.marker:
            self._copier.mark(original.key)
            return [original]
        try:
            copied, etag, identity = self._copier.copy(original)
        except Gone:
            return []
        if self._deep:
            compare(self._copier, copied, identity)
        return [replace(copied, etag=etag)]

    def _same(self, original: Version, copy: Version) -> Version | None:
        """The original as it is tallied, if the copy is one of it. A copy is younger than its original, which
        tells an object that was written anew with the same content, or whose ETag says nothing."""
        if original.marker != copy.marker or original.size != copy.size or original.modified > copy.modified:
            return None
        if original.marker or original.etag == copy.etag:
            return original
        if original.modified == copy.modified or (not self._copier.hidden and self._copier.comparable(original)):
            return None
        return replace(original, etag=copy.etag)

    def _clear(self, key: str, surplus: Chain, *, overwritten: bool) -> None:
        """Takes out what is no copy of the source's; what a copy will overwrite may stay until then."""
        if not self._ours:
            raise NameTaken(
                "copying to",
                f"bucket {self._copier.to_bucket}",
                f"it held object {key}, which is no copy of the source's, before the move began",
                "take out what is in it, or give the bucket another name in a new plan",
            )
        if not overwritten:
            self._copier.remove(surplus)


def _in_order(carry: Callable[[str, Chain, Chain], Carried], keys: Iterable[tuple[str, Chain, Chain]]) -> Iterator[Carried]:
    """Works on many keys at once and gives the outcomes in the order of the keys; the first failure ends it."""
    waiting: deque[Future[Carried]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for key, source, target in keys:
                waiting.append(pool.submit(carry, key, source, target))
                if len(waiting) >= UNDER_WAY:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _counted(account: Account, bucket: str, *, etags: bool) -> Tally:
    count = Count(etags=etags)
    for _key, chain in chains(account, bucket):
        count.add(chain)
    return count.tally()


def _abort_uploads(account: Account, bucket: str) -> None:
    """Uploads that a run cut off has left cost money and are seen by no listing of objects."""
    for page in account.every("s3", "list_multipart_uploads", Bucket=bucket):
        for upload in page.get("Uploads", ()):
            account.call("s3", "abort_multipart_upload", Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _in_archive(bucket: str, count: int) -> StepFailed:
    advice = "restore them (s3 restore-object, hours to two days), then run the same command again; everything else is copied"
    return StepFailed("copying", f"bucket {bucket}", f"{count} keys hold versions that lie in an archive", advice)
