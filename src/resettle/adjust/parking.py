"""What park needs in the target and the source never had: the parking bucket and its key, as coined resources like any other."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from resettle.adjust import Adjusted
from resettle.inventory import Inventory
from resettle.model import Name, Ref, Resource, Side

KEY = "AWS::KMS::Key"
BUCKET = "AWS::S3::Bucket"
PREFIX = "resettle-park"


def key_ref(region: str) -> Ref:
    return Ref(Side.NEW, region, KEY, "park")


def bucket_ref(region: str) -> Ref:
    return Ref(Side.NEW, region, BUCKET, "park")


def bucket_name(source_account: str, target_account: str, region: str) -> str:
    """The parking bucket's name: the target's number, and a digest of the pair, since it must not hold the source's."""
    pair = hashlib.sha256(f"{source_account}>{target_account}>{region}".encode()).hexdigest()[:10]
    return f"{PREFIX}-{target_account}-{pair}"


def add(before: Adjusted, source_account: str, target_account: str) -> Adjusted:
    """Adds the parking key and the parking bucket to what is wanted."""
    region = before.inventory.region
    key, bucket = key_ref(region), bucket_ref(region)
    coined = Name("arn", f"{key}#arn", "strong")
    name = bucket_name(source_account, target_account, region)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Root",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{source_account}:root"]},
                "Action": ["kms:*"],
                "Resource": ["*"],
            }
        ],
    }
    wanted_key = Resource(
        ref=key,
        spec={
            "Description": "Resettle: parked values",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "MultiRegion": False,
            "Policy": policy,
            "Tags": {},
        },
        names=(coined,),
    )
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": coined.text},
        "BucketKeyEnabled": True,
    }
    wanted_bucket = Resource(
        ref=bucket,
        spec={
            "Bucket": f"{bucket}#name",
            **({"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}),
            "ServerSideEncryptionConfiguration": {"Rules": [rule]},
            "Tags": {},
        },
        names=(Name("name", f"{bucket}#name", "strong"),),
    )
    inventory = before.inventory
    resources = tuple(sorted((*inventory.resources, wanted_key, wanted_bucket), key=lambda item: item.ref))
    return Adjusted(
        inventory=Inventory(
            account=inventory.account,
            region=region,
            resources=resources,
            outside=inventory.outside,
            gaps=inventory.gaps,
        ),
        decided={**before.decided, (bucket, "name"): name},
        reasons=(*before.reasons, f"bucket {name} and its key are added: what is parked lies there"),
    )


def without_live(before: Adjusted) -> Adjusted:
    """The same without what describe said: nothing of it is stored or compared from here on."""
    bare = tuple(replace(item, live={}) for item in before.inventory.resources)
    return replace(before, inventory=replace(before.inventory, resources=bare, by_ref={}))
