"""Says whether a log group may be put under a KMS key; it never encrypts."""

from __future__ import annotations

from resettle_lab.laws import _keys
from resettle_lab.laws._policy import Request, decide, service
from resettle_lab.world import aws_error


def check(name: str, *, group: str, account: str, region: str) -> None:
    """Raise unless the key exists, is enabled and admits the region's log service for this group.

    AWS page "Encrypt log data in CloudWatch Logs using AWS KMS"; API pages CreateLogGroup and AssociateKmsKey.
    """
    key = _keys.find(name, account=account, region=region) if name.startswith("arn:") else None
    if key is None:
        raise aws_error("InvalidParameterException", "The specified KMS Key Id could not be found.", 400)
    arn = f"arn:aws:logs:{region}:{account}:log-group:{group}"
    context = {"kms:encryptioncontext:aws:logs:arn": arn, "aws:sourceaccount": account, "aws:sourcearn": arn}
    caller = service(f"logs.{region}.amazonaws.com", account=account)
    wanted = Request(action="kms:GenerateDataKey", resource=key.arn, context=context)
    if not key.enabled or decide(key.policy, caller, wanted) != "Allow":
        message = f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        raise aws_error("AccessDeniedException", message, 400)
