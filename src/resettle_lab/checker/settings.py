"""The settings of a bucket: which request carries each, which call reads it back, and what says that it is absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resettle_lab.checker.item import parsed, tags

CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting; `inside` is the member of the reply that holds it, where it is not the reply itself."""

    name: str
    put: str
    member: str
    get: str
    inside: str = ""
    absent: str = ""


SETTINGS = (
    Setting(name="Versioning", put="PutBucketVersioning", member="VersioningConfiguration", get="get_bucket_versioning"),
    Setting(
        name="Cors",
        put="PutBucketCors",
        member="CORSConfiguration",
        get="get_bucket_cors",
        absent="NoSuchCORSConfiguration",
    ),
    Setting(
        name="Lifecycle",
        put="PutBucketLifecycleConfiguration",
        member="LifecycleConfiguration",
        get="get_bucket_lifecycle_configuration",
        absent="NoSuchLifecycleConfiguration",
    ),
    Setting(
        name="Website",
        put="PutBucketWebsite",
        member="WebsiteConfiguration",
        get="get_bucket_website",
        absent="NoSuchWebsiteConfiguration",
    ),
    Setting(
        name="Policy",
        put="PutBucketPolicy",
        member="Policy",
        get="get_bucket_policy",
        inside="Policy",
        absent="NoSuchBucketPolicy",
    ),
    Setting(name="Tags", put="PutBucketTagging", member="Tagging", get="get_bucket_tagging", absent="NoSuchTagSet"),
    Setting(
        name="Encryption",
        put="PutBucketEncryption",
        member="ServerSideEncryptionConfiguration",
        get="get_bucket_encryption",
        inside="ServerSideEncryptionConfiguration",
        absent="ServerSideEncryptionConfigurationNotFoundError",
    ),
    Setting(name="Logging", put="PutBucketLogging", member="BucketLoggingStatus", get="get_bucket_logging"),
    Setting(
        name="Ownership",
        put="PutBucketOwnershipControls",
        member="OwnershipControls",
        get="get_bucket_ownership_controls",
        inside="OwnershipControls",
        absent="OwnershipControlsNotFoundError",
    ),
    Setting(
        name="PublicAccess",
        put="PutPublicAccessBlock",
        member="PublicAccessBlockConfiguration",
        get="get_public_access_block",
        inside="PublicAccessBlockConfiguration",
        absent="NoSuchPublicAccessBlockConfiguration",
    ),
    Setting(
        name="Notification",
        put="PutBucketNotificationConfiguration",
        member="NotificationConfiguration",
        get="get_bucket_notification_configuration",
    ),
    Setting(
        name="Acceleration",
        put="PutBucketAccelerateConfiguration",
        member="AccelerateConfiguration",
        get="get_bucket_accelerate_configuration",
    ),
)
BY_PUT = {setting.put: setting for setting in SETTINGS}
# What a bucket that was sent nothing must not have in the target either.
EMPTY: dict[str, Any] = {
    "Tags": {},
    **dict.fromkeys(("Cors", "Lifecycle", "Website", "Policy", "Logging", "Notification")),
}


def payload(operation: str, params: dict[str, Any]) -> tuple[str, Any]:
    """Return the setting that a request carries and its value."""
    setting = BY_PUT[operation]
    return setting.name, shaped(setting.name, params[setting.member])


def shaped(name: str, value: Any) -> Any:
    """Bring the value of a setting, sent or read, into the one shape that is compared; nothing becomes None."""
    if name == "Policy":
        return parsed(value)
    if name == "Tags":
        return tags((value or {}).get("TagSet"))
    if name == "PublicAccess" and value is None:
        return dict.fromkeys(CLOSED, False)
    return value or None
