"""Bucket names: they are global, so the target's differ; the plan fixes them, so that files can be rewritten before a build."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from resettle.adjust import Adjusted
from resettle.errors import BadInput

LONGEST = 63  # Amazon S3 User Guide, "Bucket naming rules"


def rename(before: Adjusted, template: str, source_account: str, target_account: str) -> Adjusted:
    """Decides the name of every bucket by the template. A name over 63 characters is cut and given a digest of the whole."""
    decided, reasons = dict(before.decided), list(before.reasons)
    for resource in before.inventory.resources:
        if resource.ref.kind != "AWS::S3::Bucket":
            continue
        old = next(name.text for name in resource.names if name.facet == "name")
        words = {"source_account": source_account, "target_account": target_account}
        # A name that holds the account's number is rewritten by it, as anywhere else: it would otherwise name the source.
        own = old.replace(source_account, target_account)
        new = own if own != old else template.format(name=old, region=before.inventory.region, **words)
        if len(new) > LONGEST:
            new = f"{new[: LONGEST - 9].rstrip('-.')}-{hashlib.sha256(new.encode()).hexdigest()[:8]}"
        if new in decided.values():
            raise BadInput("naming the target's buckets by", template, f"two become {new}", "a template that has {name} in it")
        decided[resource.ref, "name"] = new
        reasons.append(f"bucket {old} becomes {new}: bucket names are global, and the source keeps its own until the end")
    return replace(before, decided=decided, reasons=tuple(reasons))
