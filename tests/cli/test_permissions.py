"""The least-privilege policies: IAM's own names, nothing wider than what the kinds call, within IAM's limits."""

from __future__ import annotations

import json
import re

import pytest

from resettle import kinds, permissions
from resettle.reads import READS

CARRIERS = ("s3:CopyObject", "s3:CreateMultipartUpload", "s3:UploadPartCopy", "s3:CompleteMultipartUpload")


@pytest.fixture(scope="module")
def registry():
    return kinds.load()


@pytest.fixture(scope="module")
def source(registry):
    return permissions.source_policies(registry)


@pytest.fixture(scope="module")
def target(registry):
    return permissions.target_policies(registry, CARRIERS)


def statements(policies):
    return [statement for policy in policies for statement in policy["Statement"]]


def actions(policies):
    return [action for statement in statements(policies) for action in statement["Action"]]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("s3:ListBuckets", "s3:ListAllMyBuckets"),
        ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3:ListObjectVersions", "s3:ListBucketVersions"),
        ("resourcegroupstaggingapi:GetResources", "tag:GetResources"),
        ("elbv2:DescribeRules", "elasticloadbalancing:DescribeRules"),
        ("sqs:GetQueueAttributes", "sqs:GetQueueAttributes"),
    ],
)
def test_an_operation_bears_the_name_that_iam_gives_it(operation, action):
    assert permissions.actions_of(operation)[0] == action


def test_no_action_is_a_wildcard_and_none_stands_twice(source, target):
    for policies in (source, target):
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", action) for action in actions(policies))
        assert len(actions(policies)) == len(set(actions(policies)))


def test_every_document_fits_into_a_managed_policy(source, target):
    for policy in (*source, *target):
        assert len(re.sub(r"\s", "", json.dumps(policy))) <= 6144
        sids = [statement["Sid"] for statement in policy["Statement"]]
        assert len(sids) == len(set(sids))
        assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)


def test_the_source_may_be_read_and_written_only_where_a_kind_declares_it(source, registry):
    reading = [a for s in statements(source) if s["Sid"].startswith("Reads") for a in s["Action"]]
    reviewed = {action for operation in READS for action in permissions.actions_of(operation)}

    assert set(reading) <= reviewed
    writing = set(actions(source)) - set(reading)
    assert writing
    declared = {
        action
        for kind in registry
        for hop in kind.make.hops
        if hop.on == "source"
        for call in (hop.make, hop.undo)
        if call
        for action in permissions.actions_of(permissions._qualified(kind, call, hop.service))
    }
    assert declared - set(reading) <= writing


def test_the_source_may_never_be_created_in_or_deleted_from(source):
    forbidden = {"sqs:CreateQueue", "sqs:DeleteQueue", "s3:DeleteBucket", "s3:DeleteObject", "rds:DeleteDBInstance"}

    assert not forbidden & set(actions(source))


def test_the_target_may_make_what_the_kinds_make_with_its_tags(target):
    wanted = {"sqs:CreateQueue", "sqs:TagQueue", "ec2:CreateVpc", "ec2:CreateTags", "s3:CreateBucket", "kms:CreateKey"}

    assert wanted <= set(actions(target))


def test_roles_are_passed_only_to_the_services_that_take_them(target):
    passing = [statement for statement in statements(target) if "iam:PassRole" in statement["Action"]]

    assert len(passing) == 1
    services = passing[0]["Condition"]["StringEquals"]["iam:PassedToService"]
    assert "lambda.amazonaws.com" in services
    assert all(service.endswith(".amazonaws.com") for service in services)
