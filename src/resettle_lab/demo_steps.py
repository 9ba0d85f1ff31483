"""The fifteen steps of the example workload, what each consists of, and how its state follows from what a demo observed.

It promises to call a step verified only by facts; it never runs anything and knows no outcome in advance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from resettle_lab import ledger as ledgers

VERIFIED, PREPARED, NOT_BUILT = "verified", "prepared", "not built yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of MYBRARY.md: `kinds` are CloudFormation names, `files` are globs below the examples.

    `layout` is the network layout without which the step would be another one.
    """

    number: int
    title: str
    kinds: tuple[str, ...]
    files: tuple[str, ...] = ()
    layout: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with the copy: who says so, in which kind ("" for the account as a whole), and on what."""

    sort: str
    kind: str
    on: str
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A place in a file that the rewriting could not decide."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a demo observed: how many of each kind were seeded and moved, what is wrong, and what the files look like."""

    seeded: Mapping[str, int]
    moved: Mapping[str, int]
    proved: bool  # verify and the independent checker both ran to their end
    faults: tuple[Fault, ...] = ()
    rewritten: Mapping[str, bool] = field(default_factory=dict)  # path below the examples -> parses as it did before
    leftovers: tuple[Leftover, ...] = ()
    layout: str = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A step with its state and, in one sentence, why."""

    step: Step
    state: str
    why: str

    def json(self) -> dict[str, object]:
        """Return the fields that a machine reads."""
        return {"number": self.step.number, "title": self.step.title, "state": self.state, "why": self.why}


NETWORK = (
    *("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::RouteTable", "AWS::EC2::Route"),
    *("AWS::EC2::InternetGateway", "AWS::EC2::VPCEndpoint", "AWS::EC2::NetworkAcl", "AWS::EC2::DHCPOptions"),
    "AWS::EC2::FlowLog",
)
BALANCING = (
    *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    *("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"),
    *("AWS::CertificateManager::Certificate", "AWS::Route53::HostedZone", "AWS::Route53::RecordSet"),
)
SERVER = ("AWS::EC2::Instance", "AWS::IAM::InstanceProfile")

STEPS = (
    Step(number=1, title="VPC", kinds=NETWORK, layout="by-domain"),
    Step(
        number=2,
        title="RDS from snapshots",
        kinds=("AWS::RDS::DBInstance", "AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup"),
    ),
    Step(number=3, title="S3", kinds=("AWS::S3::Bucket", "AWS::S3::BucketPolicy")),
    Step(number=4, title="API docs server", kinds=("AWS::S3::Bucket", *SERVER, "AWS::EC2::EIP")),
    Step(
        number=5,
        title="Lambda",
        kinds=(
            *("AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::LayerVersion", "AWS::Lambda::Version"),
            *("AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule"),
        ),
    ),
    Step(
        number=6,
        title="Redis",
        kinds=(
            *("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::SubnetGroup"),
            "AWS::ElastiCache::ParameterGroup",
        ),
    ),
    Step(number=7, title="config server", kinds=(*SERVER, "AWS::EC2::KeyPair")),
    Step(number=8, title="config repository", kinds=(), files=("config-repository/*.yml",)),
    Step(
        number=9,
        title="SNS and SQS",
        kinds=("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::SNS::Topic", "AWS::SNS::Subscription"),
    ),
    Step(number=10, title="NAT instance", kinds=("AWS::EC2::Instance", "AWS::EC2::EIP", "AWS::EC2::Route")),
    Step(
        number=11,
        title="ECR and ECS",
        kinds=(
            *("AWS::ECR::Repository", "AWS::ECS::Cluster", "AWS::ECS::TaskDefinition", "AWS::ECS::Service"),
            *("AWS::ServiceDiscovery::PrivateDnsNamespace", "AWS::ServiceDiscovery::Service"),
            "AWS::ApplicationAutoScaling::ScalableTarget",
        ),
    ),
    Step(number=12, title="API gateway server", kinds=(*SERVER, "AWS::ECR::Repository")),
    Step(number=13, title="load balancer and domain", kinds=BALANCING),
    Step(
        number=14,
        title="CI/CD workflows",
        kinds=("AWS::IAM::User", "AWS::ECR::Repository", "AWS::ECS::TaskDefinition"),
        files=("*/.github/workflows/*.yml", "*/task-definition.json", "*/appspec.yaml"),
    ),
    Step(
        number=15,
        title="zero-downtime deployment",
        kinds=("AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"),
    ),
)

# The call that makes one thing of a kind, for every kind of a step, so that a ledger says what its workload holds.
MADE_BY = {
    "ec2:CreateVpc": "AWS::EC2::VPC",
    "ec2:CreateSubnet": "AWS::EC2::Subnet",
    "ec2:CreateSecurityGroup": "AWS::EC2::SecurityGroup",
    "ec2:CreateRouteTable": "AWS::EC2::RouteTable",
    "ec2:CreateRoute": "AWS::EC2::Route",
    "ec2:CreateInternetGateway": "AWS::EC2::InternetGateway",
    "ec2:CreateVpcEndpoint": "AWS::EC2::VPCEndpoint",
    "ec2:CreateNetworkAcl": "AWS::EC2::NetworkAcl",
    "ec2:CreateDhcpOptions": "AWS::EC2::DHCPOptions",
    "ec2:CreateFlowLogs": "AWS::EC2::FlowLog",
    "ec2:RunInstances": "AWS::EC2::Instance",
    "ec2:AllocateAddress": "AWS::EC2::EIP",
    "ec2:CreateKeyPair": "AWS::EC2::KeyPair",
    "ec2:ImportKeyPair": "AWS::EC2::KeyPair",
    "iam:CreateInstanceProfile": "AWS::IAM::InstanceProfile",
    "iam:CreateUser": "AWS::IAM::User",
    "rds:CreateDBInstance": "AWS::RDS::DBInstance",
    "rds:CreateDBSubnetGroup": "AWS::RDS::DBSubnetGroup",
    "rds:CreateDBParameterGroup": "AWS::RDS::DBParameterGroup",
    "s3:CreateBucket": "AWS::S3::Bucket",
    "s3:PutBucketPolicy": "AWS::S3::BucketPolicy",
    "lambda:CreateFunction": "AWS::Lambda::Function",
    "lambda:AddPermission": "AWS::Lambda::Permission",
    "lambda:PublishLayerVersion": "AWS::Lambda::LayerVersion",
    "lambda:PublishVersion": "AWS::Lambda::Version",
    "lambda:CreateAlias": "AWS::Lambda::Alias",
    "lambda:CreateEventSourceMapping": "AWS::Lambda::EventSourceMapping",
    "events:PutRule": "AWS::Events::Rule",
    "elasticache:CreateReplicationGroup": "AWS::ElastiCache::ReplicationGroup",
    "elasticache:CreateCacheSubnetGroup": "AWS::ElastiCache::SubnetGroup",
    "elasticache:CreateCacheParameterGroup": "AWS::ElastiCache::ParameterGroup",
    "sqs:CreateQueue": "AWS::SQS::Queue",
    "sns:CreateTopic": "AWS::SNS::Topic",
    "sns:Subscribe": "AWS::SNS::Subscription",
    "ecr:CreateRepository": "AWS::ECR::Repository",
    "ecs:CreateCluster": "AWS::ECS::Cluster",
    "ecs:RegisterTaskDefinition": "AWS::ECS::TaskDefinition",
    "ecs:CreateService": "AWS::ECS::Service",
    "servicediscovery:CreatePrivateDnsNamespace": "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "servicediscovery:CreateService": "AWS::ServiceDiscovery::Service",
    "application-autoscaling:RegisterScalableTarget": "AWS::ApplicationAutoScaling::ScalableTarget",
    "elbv2:CreateLoadBalancer": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "elbv2:CreateTargetGroup": "AWS::ElasticLoadBalancingV2::TargetGroup",
    "elbv2:CreateListener": "AWS::ElasticLoadBalancingV2::Listener",
    "elbv2:CreateRule": "AWS::ElasticLoadBalancingV2::ListenerRule",
    "acm:RequestCertificate": "AWS::CertificateManager::Certificate",
    "route53:CreateHostedZone": "AWS::Route53::HostedZone",
    "route53:ChangeResourceRecordSets": "AWS::Route53::RecordSet",
    "codedeploy:CreateApplication": "AWS::CodeDeploy::Application",
    "codedeploy:CreateDeploymentGroup": "AWS::CodeDeploy::DeploymentGroup",
}


def seeded(ledger: Path) -> Counter[str]:
    """Count what a ledger made, by kind; a queue's policy is part of a call that sets several things."""
    counted: Counter[str] = Counter()
    for entry in ledgers.entries(ledger):
        kind = MADE_BY.get(f"{entry.service}:{entry.operation}")
        if kind:
            counted[kind] += 1
        if entry.service == "sqs" and "Policy" in entry.params.get("Attributes", {}):
            counted["AWS::SQS::QueuePolicy"] += 1
    return counted


def judge(facts: Facts) -> list[Judged]:
    """Decide the state of each of the fifteen steps."""
    return [_judge(step, facts) for step in STEPS]


def _judge(step: Step, facts: Facts) -> Judged:
    absent = _absent(step, facts)
    if absent:
        return Judged(step=step, state=NOT_BUILT, why="; ".join(absent))
    wanting = [*_wrong(step, facts), *_left(step, facts)]
    if not facts.proved:
        wanting.append("nothing was proved, because the run ended early")
    if wanting:
        return Judged(step=step, state=PREPARED, why="; ".join(wanting))
    return Judged(step=step, state=VERIFIED, why=_stands(step, facts))


def _absent(step: Step, facts: Facts) -> list[str]:
    """Name what keeps the step from having been done at all."""
    reasons = []
    unseeded = [kind for kind in step.kinds if not facts.seeded.get(kind)]
    if unseeded:
        reasons.append(f"the workload has no {spoken(unseeded)} yet")
    if not facts.moved and step.kinds:
        return [*reasons, "the move did not end"]
    unmoved = [kind for kind in step.kinds if facts.seeded.get(kind) and not facts.moved.get(kind)]
    if unmoved:
        reasons.append(f"nothing moved {spoken(unmoved)}")
    if step.layout and facts.layout != step.layout:
        reasons.append(f"subnets keep their layout; one per domain is layout = {step.layout}")
    if step.files and not _files(step, facts):
        reasons.append(f"no file {' or '.join(step.files)} was rewritten")
    return reasons


def _wrong(step: Step, facts: Facts) -> list[str]:
    """Count the faults in the step's kinds, and those that no kind owns."""
    counted = Counter(fault.sort for fault in facts.faults if not fault.kind or fault.kind in step.kinds)
    broken = sorted(path for path in _files(step, facts) if not facts.rewritten[path])
    return [f"{count} {sort}" for sort, count in sorted(counted.items())] + [f"{path} no longer parses" for path in broken]


def _left(step: Step, facts: Facts) -> list[str]:
    """Say how many places of the step's files wait for a person or for another step, by reason."""
    reasons = Counter(left.reason for left in facts.leftovers if _matches(step, left.path))
    if not reasons:
        return []
    listed = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
    return [f"{reasons.total()} places of its files are for a person: {listed}"]


def _stands(step: Step, facts: Facts) -> str:
    parts = [f"{facts.moved[kind]} {short(kind)}" for kind in step.kinds]
    files = _files(step, facts)
    if files:
        parts.append(f"{len(files)} file" + ("s" if len(files) > 1 else ""))
    return ", ".join(parts)


def _files(step: Step, facts: Facts) -> list[str]:
    return [path for path in facts.rewritten if _matches(step, path)]


def _matches(step: Step, path: str) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in step.files)


def short(kind: str) -> str:
    """Name a kind without the vendor, as AWS's documentation does in running text."""
    return kind.removeprefix("AWS::").replace("::", " ")


def spoken(kinds: Iterable[str]) -> str:
    """Name kinds for a sentence, each service once: `EC2 Route, FlowLog and IAM User`."""
    grouped: dict[str, list[str]] = {}
    for kind in kinds:
        service, _, thing = short(kind).partition(" ")
        grouped.setdefault(service, []).append(thing)
    return "; ".join(f"{service} {', '.join(things)}" for service, things in grouped.items())
