"""A workload of which every name, range, count and constellation is drawn from one number.

It promises the same design for the same number, and shares no name with Mybrary. It calls nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from resettle_lab.seed.design import (
    Design,
    Group,
    Key,
    ManagedPolicy,
    Network,
    Params,
    Queue,
    Role,
    Rule,
    Subnet,
    allow,
    document,
    trust,
)
from resettle_lab.seed.invented_content import databases, functions, make_buckets
from resettle_lab.seed.mybrary_design import password

# Names that say nothing: they are also words, parts of other names, and shared between services.
WEAK = ("app", "web", "db", "api", "worker", "main", "jobs", "data", "cache", "core", "admin", "batch", "edge", "auth")
LAMBDA_VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


@dataclass(slots=True, kw_only=True)
class Draw:
    """The chance of one workload and the names drawn so far; each drawn name is new within its kind."""

    rng: random.Random
    project: str
    plain: list[str] = field(default_factory=list)
    taken: dict[str, set[str]] = field(default_factory=dict)

    def name(self, kind: str, weak: float = 0.4) -> str:
        """Draw a new name: sometimes a bare word, else the project and a word."""
        taken = self.taken.setdefault(kind, set())
        while True:
            word = self.rng.choice(WEAK)
            name = word if self.rng.random() < weak else f"{self.project}-{word}"
            if name in taken:
                name = f"{name}-{self.rng.randrange(10, 99)}"
            if name not in taken:
                taken.add(name)
                return name

    def secret(self, size: int = 24) -> str:
        """Draw a secret and remember it."""
        self.plain.append(password(self.rng, size))
        return self.plain[-1]


def design(number: int) -> Design:
    """Describe the workload of a number."""
    rng = random.Random(number)
    syllables = [rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(3)]
    draw = Draw(rng=rng, project="".join(syllables) + rng.choice("lnrs"))
    networks = _networks(draw)
    names = [draw.name("function") for _ in range(rng.randint(1, 5))]
    queues = _queues(draw, names)
    key = f"{draw.project}/{rng.choice(WEAK)}"
    buckets = make_buckets(rng, draw.project, key, names[0], queues[-1].name)
    roles = [_role(draw, name, buckets[0].name, queues[0].name, key) for name in names]
    monitor = Role(name=f"{draw.project}-monitor", trust=trust("monitoring.rds.amazonaws.com"))
    policy = _policy(draw, [bucket.name for bucket in buckets], queues[0].name)
    subnet_groups, parameter_groups, instances = databases(rng, draw.project, networks[0], key, draw.secret)
    host = f"@@db_host:{instances[0].name}@@"
    made = functions(rng, networks[0], names, [role.name for role in roles], _environment(draw, buckets, queues, host))
    queues[-1] = _admit(queues[-1], roles[0].name, buckets[0].name)
    stored, parameters = _texts(draw, buckets[-1].name, queues[-1].name, host, key)
    return Design(
        name=draw.project,
        networks=networks,
        roles=(*roles, monitor),
        policies=(policy,),
        keys=(_key(draw, key, roles),),
        queues=tuple(queues),
        buckets=buckets,
        stored_secrets=stored,
        parameters=parameters,
        functions=made,
        subnet_groups=subnet_groups,
        parameter_groups=parameter_groups,
        databases=instances,
        log_groups=_log_groups(draw, names),
        secrets=tuple(draw.plain),
    )


def _networks(draw: Draw) -> tuple[Network, ...]:
    first = _network(draw, draw.name("vpc"), draw.rng.randrange(1, 120))
    if draw.rng.random() < 0.4:
        # A second one with the same group names, now and then even with the same range.
        block = int(first.cidr.split(".")[1]) if draw.rng.random() < 0.3 else draw.rng.randrange(120, 250)
        return first, _network(draw, draw.name("vpc"), block, first.groups)
    return (first,)


def _network(draw: Draw, name: str, block: int, groups: tuple[Group, ...] = ()) -> Network:
    rng = draw.rng
    count = rng.randint(3, 16)
    blocks = rng.sample(range(0, 256, 2), count)
    subnets = tuple(
        Subnet(
            name=f"{rng.choice(WEAK)}-{number}",
            cidr=f"10.{block}.{third}.0/{rng.choice((24, 25, 26))}",
            # The first two stand apart, since a subnet group needs two zones.
            zone="ab"[number] if number < 2 else rng.choice("abc"),
            public=rng.random() < 0.25,
        )
        for number, third in enumerate(blocks)
    )
    return Network(
        name=name,
        cidr=f"10.{block}.0.0/16",
        subnets=subnets,
        groups=groups or _groups(draw, f"10.{block}.{blocks[0]}.0/24"),
        hostnames=rng.random() < 0.7,
    )


def _groups(draw: Draw, cidr: str) -> tuple[Group, ...]:
    rng = draw.rng
    names = [draw.name("group", weak=0.7) for _ in range(rng.randint(4, 15))]
    rules: dict[str, list[Rule]] = {name: [] for name in names}
    # A cycle of three, a pair, a group that names itself.
    for here, there in ((0, 1), (1, 2), (2, 0), (3, 0), (0, 3), (3, 3)):
        rules[names[here]].append(Rule(peer=names[there], low=9000 + here, note=f"from {names[there]}"))
    rules[names[0]].append(Rule(peer=cidr, low=3306, note="by range"))
    rules[names[1]].append(Rule(peer="0.0.0.0/0", low=rng.choice((80, 443))))
    rules[names[2]].append(Rule(peer=f"198.51.100.{rng.randrange(1, 250)}/32", low=22, note="SSH"))
    for name in names[4:]:
        low = rng.randrange(1024, 9000)
        rules[name].append(Rule(peer=rng.choice(names), low=low, high=low + rng.randrange(3), protocol=rng.choice(("tcp", "udp"))))
    groups = []
    for name in names:
        closed = rng.random() < 0.3
        if closed and rng.random() < 0.7:
            rules[name].append(Rule(peer=rng.choice(names), low=443, egress=True))
        groups.append(Group(name=name, note=f"{name} group", rules=tuple(rules[name]), open_egress=not closed))
    return tuple(groups)


def _queues(draw: Draw, functions_: list[str]) -> list[Queue]:
    rng = draw.rng
    count = rng.randint(2, 6)
    names = [functions_[0]] + [draw.name("queue") for _ in range(count)]
    names = list(dict.fromkeys(names))[:count]
    names += [f"{draw.project}-spare"] * (len(names) < 2)
    chain = rng.randint(2, len(names))
    queues = []
    for number, name in enumerate(names):
        attributes = {
            "VisibilityTimeout": str(rng.randrange(0, 600)),
            "MessageRetentionPeriod": str(rng.randrange(60, 1209600)),
        }
        if rng.random() < 0.3:
            attributes["KmsMasterKeyId"] = "alias/aws/sqs"
        queues.append(
            Queue(
                name=name,
                attributes=attributes,
                tags={"Project": draw.project} if rng.random() < 0.6 else {},
                # A chain: each passes its dead letters to the next.
                dead_letters=names[number + 1] if number + 1 < chain else None,
                tries=rng.randint(1, 20),
                feeders=(names[number - 1],) if 0 < number < chain and rng.random() < 0.5 else (),
                bodies=tuple(f"message {item} of {name}" for item in range(rng.randint(0, 12))),
            )
        )
    # The last one takes events of a bucket, which a queue under an AWS managed key cannot.
    last = queues[-1]
    queues[-1] = Queue(name=last.name, feeders=last.feeders, bodies=last.bodies, tags=last.tags)
    return queues


def _admit(queue: Queue, role: str, bucket: str) -> Queue:
    arn = f"@@queue_arn:{queue.name}@@"
    statements = (
        allow("sqs:SendMessage", arn, Sid="role", Principal={"AWS": f"@@role_arn:{role}@@"}),
        allow(
            "sqs:SendMessage",
            arn,
            Sid="events",
            Principal={"Service": "s3.amazonaws.com"},
            Condition={
                "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                "StringEquals": {"aws:SourceAccount": "@@account@@"},
            },
        ),
    )
    return Queue(name=queue.name, feeders=queue.feeders, bodies=queue.bodies, tags=queue.tags, policy=document(*statements))


def _role(draw: Draw, function: str, bucket: str, queue: str, key: str) -> Role:
    inline: dict[str, Params] = {
        "own": document(
            allow("s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]),
            allow("sqs:*", f"@@queue_arn:{queue}@@"),
            allow("kms:Decrypt", f"@@key_arn:{key}@@"),
        )
    }
    return Role(
        name=function,
        trust=trust("lambda.amazonaws.com"),
        path=draw.rng.choice(("/", "/", f"/{draw.project}/")),
        note=f"Runs {function}",
        attached=(LAMBDA_VPC, f"@@policy_arn:{draw.project}-access@@"),
        inline=inline if draw.rng.random() < 0.7 else {},
        tags={"Project": draw.project} if draw.rng.random() < 0.5 else {},
        hours=draw.rng.choice((1, 1, 8)),
    )


def _policy(draw: Draw, buckets: list[str], queue: str) -> ManagedPolicy:
    resources = [f"arn:aws:s3:::{name}/*" for name in buckets]
    return ManagedPolicy(
        name=f"{draw.project}-access",
        note="Objects and messages",
        document=document(allow("s3:GetObject", resources), allow(["sqs:SendMessage"], f"@@queue_arn:{queue}@@")),
    )


def _key(draw: Draw, alias: str, roles: list[Role]) -> Key:
    principals = [f"@@role_arn:{role.name}@@" for role in roles[:2]]
    use = allow(["kms:Decrypt", "kms:GenerateDataKey"], "*", Sid="use", Principal={"AWS": principals})
    return Key(alias=alias, note=f"{draw.project} data", statements=(use,), rotates=draw.rng.random() < 0.5)


def _environment(draw: Draw, buckets: Any, queues: list[Queue], host: str) -> dict[str, str]:
    return {
        "BUCKET": buckets[0].name,
        "PUBLIC_URL": f"https://{buckets[-1].name}.s3.@@region@@.amazonaws.com/a/",
        "PATH_URL": f"https://s3.@@region@@.amazonaws.com/{buckets[0].name}/b",
        "QUEUE_URL": f"@@queue_url:{queues[0].name}@@",
        "JDBC": f"jdbc:mysql://{host}:3306/app",
        "ORDER_NUMBER": "7@@account@@",
        "PASSWORD": draw.secret(),
    }


def _texts(
    draw: Draw, bucket: str, queue: str, host: str, key: str
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    root = f"/{draw.project}/{draw.rng.choice(WEAK)}/"
    odd = f"{draw.secret(20)}+/=&열쇠"
    draw.plain[-1] = odd
    stored: tuple[dict[str, Any], ...] = (
        {"Name": f"{draw.project}/db", "SecretString": f'{{"host": "{host}", "password": "{draw.secret()}"}}'},
        {"Name": f"{draw.project}/{draw.rng.choice(WEAK)}/key", "SecretString": odd, "KmsKeyId": f"alias/{key}"},
    )
    parameters: tuple[dict[str, Any], ...] = (
        {"Name": root + "bucket", "Type": "String", "Value": bucket},
        {"Name": root + "queue", "Type": "String", "Value": f"@@queue_url:{queue}@@", "Description": "where events go"},
        {"Name": root + "list", "Type": "StringList", "Value": f"s3://{bucket}/x,plain"},
        {"Name": root + "token", "Type": "SecureString", "Value": draw.secret(40), "KeyId": f"alias/{key}"},
        {"Name": root + "login", "Type": "SecureString", "Value": f"postgres://app:{draw.secret()}@{host}/app"},
    )
    return stored, parameters


def _log_groups(draw: Draw, names: list[str]) -> tuple[tuple[str, int | None, dict[str, str]], ...]:
    days = (1, 7, 14, 30, 365, None)
    own = [(f"/aws/lambda/{name}", draw.rng.choice(days), {"Project": draw.project}) for name in names]
    return (*own, (f"/{draw.project}/{draw.rng.choice(WEAK)}", draw.rng.choice(days), {}))
