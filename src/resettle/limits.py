"""Token buckets in front of the operations for which AWS is strict; an operation that no row names is never delayed.

A throttled call costs more than a short wait: retries back off for seconds and a quota is shared with whoever else works
in the account. So the table asks for no more than AWS documents, and lets documented bursts through at once.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`rate` tokens a second up to `burst`, for the operations of `service` that `matching` finds.

    `together`: they draw from one bucket; else each operation has its own. `source` is the AWS page the figures come
    from; where AWS publishes none, it says so and the figures are our own caution.
    """

    service: str
    matching: str
    rate: float
    burst: float
    together: bool = False
    source: str


_EC2 = "EC2 Developer Guide, Request throttling for the Amazon EC2 API"
_KMS = "KMS Developer Guide, Request quotas"
_LAMBDA = "Lambda Developer Guide, Lambda quotas (API requests)"
_ELB = "ELB User Guide, Request throttling for the ELB API"
_SSM = "AWS General Reference, Systems Manager endpoints and quotas"
_ROUTE53 = "Route 53 Developer Guide, Quotas"
_SECRETS = "Secrets Manager User Guide, Secrets Manager quotas"
_LOGS = "CloudWatch Logs User Guide, CloudWatch Logs quotas"
_ACM = "ACM User Guide, Quotas"
_UNPUBLISHED = "AWS publishes no figure: our own caution"
_WRITES = "(?!Describe|Get|List|Head|Search|BatchGet|Decrypt)"

_EACH, _TOGETHER = False, True

# The first row that matches an operation holds: service, operations, tokens a second, burst, one bucket?, page.
_ROWS: tuple[tuple[str, str, float, float, bool, str], ...] = (
    ("ec2", "RunInstances$", 2, 5, _EACH, _EC2),
    ("ec2", "CreateVpcEndpoint$", 0.3, 4, _EACH, _EC2),
    ("ec2", "(Create|Delete)Tags$", 10, 100, _EACH, _EC2),
    ("ec2", _WRITES, 5, 50, _EACH, _EC2),
    ("ec2", "", 20, 100, _EACH, _EC2),
    ("kms", "(ScheduleKeyDeletion|PutKeyPolicy|EnableKeyRotation|DeleteAlias)$", 15, 15, _EACH, _KMS),
    ("kms", "CreateGrant$", 50, 50, _EACH, _KMS),
    ("kms", "(RetireGrant|RevokeGrant)$", 30, 30, _EACH, _KMS),
    ("kms", "TagResource$", 10, 10, _EACH, _KMS),
    ("kms", "(Encrypt|ReEncrypt|GenerateDataKey)", 5000, 5000, _TOGETHER, _KMS),
    ("kms", _WRITES, 5, 5, _EACH, _KMS),
    ("kms", "(ListGrants|ListKeyPolicies|ListRetirableGrants)$", 100, 100, _EACH, _KMS),
    ("lambda", "(Invoke|InvokeWithResponseStream)$", 10000, 10000, _EACH, _LAMBDA),
    ("lambda", "GetFunction$", 100, 100, _EACH, _LAMBDA),
    ("lambda", "GetPolicy$", 15, 15, _EACH, _LAMBDA),
    ("lambda", "", 15, 15, _TOGETHER, _LAMBDA),
    ("iam", _WRITES, 5, 10, _TOGETHER, _UNPUBLISHED),
    ("rds", _WRITES, 5, 20, _TOGETHER, _UNPUBLISHED),
    ("elasticache", _WRITES, 5, 20, _TOGETHER, _UNPUBLISHED),
    ("ssm", "PutParameter$", 3, 3, _EACH, _SSM),
    ("ssm", "GetParameter(s|sByPath)?$", 40, 40, _TOGETHER, _SSM),
    ("secretsmanager", _WRITES, 50, 50, _EACH, _SECRETS),
    ("route53", "", 5, 5, _TOGETHER, _ROUTE53),
    ("route53resolver", "", 5, 5, _TOGETHER, _ROUTE53),
    ("elbv2", "(Register|Deregister)Targets$", 4, 20, _EACH, _ELB),
    ("elbv2", _WRITES, 3, 10, _EACH, _ELB),
    ("elbv2", "", 10, 40, _EACH, _ELB),
    ("ecs", "RegisterTaskDefinition$", 1, 20, _EACH, _UNPUBLISHED),
    ("ecs", _WRITES, 5, 20, _EACH, _UNPUBLISHED),
    ("logs", "(CreateLogGroup|DeleteLogGroup|DescribeLogGroups|PutRetentionPolicy)$", 10, 10, _EACH, _LOGS),
    ("cloudwatch", "PutMetricAlarm$", 3, 3, _EACH, "CloudWatch User Guide, CloudWatch service quotas"),
    ("events", "Put(Rule|Targets)$", 5, 5, _EACH, "EventBridge User Guide, Amazon EventBridge quotas"),
    ("sns", "CreateTopic$", 30, 30, _EACH, "AWS General Reference, SNS endpoints and quotas"),
    ("acm", "RequestCertificate$", 5, 5, _EACH, _ACM),
    ("acm", "(DescribeCertificate|ListCertificates|ListTagsForCertificate)$", 8, 8, _EACH, _ACM),
    ("resourcegroupstaggingapi", "GetResources$", 15, 15, _EACH, "Tagging API Reference, GetResources"),
    ("service-quotas", "", 10, 10, _EACH, "Service Quotas User Guide, Quotas"),
)
TABLE: tuple[Limit, ...] = tuple(
    Limit(service=service, matching=matching, rate=rate, burst=burst, together=together, source=source)
    for service, matching, rate, burst, together, source in _ROWS
)


@dataclass(slots=True)
class _Bucket:
    rate: float
    burst: float
    tokens: float
    filled: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, now: float) -> float:
        """Take one token, into debt if need be, and say how long to wait until the debt is paid.

        Debt gives waiting threads their turns in order without any of them polling.
        """
        with self.lock:
            self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled) * self.rate) - 1
            self.filled = max(now, self.filled)
            return max(0.0, -self.tokens / self.rate)


class Limits:
    """The buckets of one account in one region; threads share them.

    `factor` multiplies every rate and burst: above 1 where a quota was raised or nothing is real; it must be positive.
    """

    def __init__(
        self,
        factor: float = 1.0,
        *,
        table: tuple[Limit, ...] = TABLE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if factor <= 0:
            raise ValueError("the factor of the rate limits must be positive")
        self._factor, self._table, self._clock, self._sleep = factor, table, clock, sleep
        self._buckets: dict[tuple[str, str], _Bucket | None] = {}
        self._lock = threading.Lock()

    def wait(self, service: str, operation: str) -> float:
        """Return once AWS may be asked, and say how many seconds that took; 0 where no row applies."""
        bucket = self._bucket(service, operation)
        if bucket is None:
            return 0.0
        seconds = bucket.reserve(self._clock())
        if seconds > 0:
            self._sleep(seconds)
        return seconds

    def _bucket(self, service: str, operation: str) -> _Bucket | None:
        key = (service, operation)
        if key not in self._buckets:
            with self._lock:
                if key not in self._buckets:
                    self._buckets[key] = self._made(service, operation)
        return self._buckets[key]

    def _made(self, service: str, operation: str) -> _Bucket | None:
        limit = next((row for row in self._table if row.service == service and re.match(row.matching, operation)), None)
        if limit is None:
            return None
        rate, burst = limit.rate * self._factor, max(1.0, limit.burst * self._factor)
        fresh = _Bucket(rate, burst, tokens=burst, filled=self._clock())
        if not limit.together:
            return fresh
        return self._buckets.setdefault((service, f"together {limit.matching}"), fresh)
