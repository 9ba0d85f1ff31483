"""The reviewed reads, each by name, and how a read that comes in pages is read to its end.

Nothing here changes anything in an account, starts anything, hands out credentials, or takes a message off a queue. A new
name enters this list by review, never by a rule about prefixes: GetSessionToken, GetParametersForImport and
ReceiveMessage show why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_BY_SERVICE: Mapping[str, str] = {
    "sts": "GetCallerIdentity",
    "account": "GetRegionOptStatus ListRegions",
    "freetier": "GetAccountPlanState",
    "iam": """
        GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetGroup GetGroupPolicy
        GetInstanceProfile GetOpenIDConnectProvider GetPolicy GetPolicyVersion GetRole GetRolePolicy GetSAMLProvider
        GetServerCertificate GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy ListAccountAliases
        ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies ListEntitiesForPolicy
        ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfileTags ListInstanceProfiles
        ListInstanceProfilesForRole ListOpenIDConnectProviderTags ListOpenIDConnectProviders ListPolicies
        ListPolicyTags ListPolicyVersions ListRolePolicies ListRoleTags ListRoles ListSAMLProviders
        ListServerCertificates ListUserPolicies ListUserTags ListUsers""",
    "ec2": """
        DescribeAccountAttributes DescribeAddresses DescribeAddressesAttribute DescribeAddressTransfers
        DescribeAvailabilityZones DescribeCustomerGateways DescribeDhcpOptions DescribeEgressOnlyInternetGateways
        DescribeFastSnapshotRestores DescribeFlowLogs DescribeHosts DescribeIamInstanceProfileAssociations
        DescribeImageAttribute DescribeImages DescribeInstanceAttribute DescribeInstanceCreditSpecifications
        DescribeInstanceStatus DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeInstances
        DescribeInternetGateways DescribeKeyPairs DescribeLaunchTemplateVersions DescribeLaunchTemplates
        DescribeManagedPrefixLists DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaceAttribute
        DescribeNetworkInterfaces DescribePlacementGroups DescribePrefixLists DescribeRegions DescribeReservedInstances
        DescribeRouteTables DescribeSecurityGroupReferences DescribeSecurityGroupRules
        DescribeSecurityGroupVpcAssociations DescribeSecurityGroups DescribeSnapshotAttribute DescribeSnapshots
        DescribeSpotInstanceRequests DescribeStaleSecurityGroups DescribeSubnets DescribeTags
        DescribeTransitGatewayAttachments DescribeTransitGatewayRouteTables DescribeTransitGatewayVpcAttachments
        DescribeTransitGateways DescribeVolumeAttribute DescribeVolumeStatus DescribeVolumes
        DescribeVolumesModifications DescribeVpcAttribute DescribeVpcBlockPublicAccessExclusions
        DescribeVpcBlockPublicAccessOptions DescribeVpcEndpointConnectionNotifications
        DescribeVpcEndpointConnections DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions
        DescribeVpcEndpointServices DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs
        DescribeVpnConnections DescribeVpnGateways GetAllowedImagesSettings GetEbsDefaultKmsKeyId
        GetEbsEncryptionByDefault GetImageBlockPublicAccessState GetInstanceMetadataDefaults
        GetManagedPrefixListAssociations GetManagedPrefixListEntries GetSecurityGroupsForVpc
        GetSerialConsoleAccessStatus GetSnapshotBlockPublicAccessState GetSubnetCidrReservations""",
    "sqs": "GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues ListMessageMoveTasks ListQueueTags ListQueues",
    "s3": """
        GetBucketAccelerateConfiguration GetBucketAcl GetBucketAnalyticsConfiguration GetBucketCors GetBucketEncryption
        GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration GetBucketLifecycleConfiguration
        GetBucketLocation GetBucketLogging GetBucketMetricsConfiguration GetBucketNotificationConfiguration
        GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketReplication GetBucketRequestPayment
        GetBucketTagging GetBucketVersioning GetBucketWebsite GetObject GetObjectAcl GetObjectAttributes
        GetObjectLegalHold GetObjectLockConfiguration GetObjectRetention GetObjectTagging GetPublicAccessBlock
        HeadBucket HeadObject ListBucketAnalyticsConfigurations ListBucketIntelligentTieringConfigurations
        ListBucketInventoryConfigurations ListBucketMetricsConfigurations ListBuckets ListMultipartUploads
        ListObjectVersions ListObjectsV2 ListParts""",
    "s3control": "GetAccessPoint GetAccessPointPolicy GetPublicAccessBlock ListAccessPoints ListTagsForResource",
    # Decrypt changes nothing, and a text that an application encrypted for itself (in an environment variable) can be
    # given to another account's key in no other way. S3, SSM and Secrets Manager decrypt on their own.
    "kms": """
        Decrypt DescribeKey GetKeyPolicy GetKeyRotationStatus GetPublicKey ListAliases ListGrants ListKeyPolicies
        ListKeyRotations ListKeys ListResourceTags""",
    "secretsmanager": """
        BatchGetSecretValue DescribeSecret GetResourcePolicy GetSecretValue ListSecretVersionIds ListSecrets""",
    "ssm": """
        DescribeParameters GetParameter GetParameterHistory GetParameters GetParametersByPath GetResourcePolicies
        GetServiceSetting ListTagsForResource""",
    "lambda": """
        GetAccountSettings GetAlias GetCodeSigningConfig GetEventSourceMapping GetFunction GetFunctionCodeSigningConfig
        GetFunctionConcurrency GetFunctionConfiguration GetFunctionEventInvokeConfig GetFunctionRecursionConfig
        GetFunctionUrlConfig GetLayerVersion GetLayerVersionByArn GetLayerVersionPolicy GetPolicy
        GetProvisionedConcurrencyConfig GetRuntimeManagementConfig ListAliases ListEventSourceMappings
        ListFunctionEventInvokeConfigs ListFunctionUrlConfigs ListFunctions ListLayerVersions ListLayers
        ListProvisionedConcurrencyConfigs ListTags ListVersionsByFunction""",
    "rds": """
        DescribeAccountAttributes DescribeCertificates DescribeDBClusterEndpoints DescribeDBClusterParameterGroups
        DescribeDBClusterParameters DescribeDBClusterSnapshotAttributes DescribeDBClusterSnapshots DescribeDBClusters
        DescribeDBEngineVersions DescribeDBInstanceAutomatedBackups DescribeDBInstances DescribeDBParameterGroups
        DescribeDBParameters DescribeDBProxies DescribeDBProxyTargetGroups DescribeDBProxyTargets
        DescribeDBSnapshotAttributes DescribeDBSnapshots DescribeDBSubnetGroups DescribeEngineDefaultClusterParameters
        DescribeEngineDefaultParameters DescribeEventSubscriptions DescribeGlobalClusters DescribeOptionGroupOptions
        DescribeOptionGroups DescribeOrderableDBInstanceOptions DescribePendingMaintenanceActions
        ListTagsForResource""",
    "logs": """
        DescribeAccountPolicies DescribeDestinations DescribeLogGroups DescribeLogStreams DescribeMetricFilters
        DescribeQueryDefinitions DescribeResourcePolicies DescribeSubscriptionFilters GetDataProtectionPolicy
        ListTagsForResource ListTagsLogGroup""",
    "resourcegroupstaggingapi": "GetResources GetTagKeys GetTagValues",
    "service-quotas": """
        GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas ListRequestedServiceQuotaChangeHistory
        ListServiceQuotas ListServices""",
    "elbv2": """
        DescribeAccountLimits DescribeListenerAttributes DescribeListenerCertificates DescribeListeners
        DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags
        DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth""",
    "ecs": """
        DescribeCapacityProviders DescribeClusters DescribeContainerInstances DescribeServiceDeployments
        DescribeServiceRevisions DescribeServices DescribeTaskDefinition DescribeTaskSets DescribeTasks
        ListAccountSettings ListAttributes ListClusters ListContainerInstances ListServiceDeployments ListServices
        ListServicesByNamespace ListTagsForResource ListTaskDefinitionFamilies ListTaskDefinitions ListTasks""",
    # The token pulls and pushes alike; Account.http lets only GET and HEAD out to the source's registry.
    "ecr": """
        BatchCheckLayerAvailability BatchGetImage BatchGetRepositoryScanningConfiguration DescribeImageScanFindings
        DescribeImages DescribePullThroughCacheRules DescribeRegistry DescribeRepositories
        DescribeRepositoryCreationTemplates GetAccountSetting GetAuthorizationToken GetDownloadUrlForLayer
        GetLifecyclePolicy GetRegistryPolicy GetRegistryScanningConfiguration GetRepositoryPolicy ListImages
        ListTagsForResource""",
    "elasticache": """
        DescribeCacheClusters DescribeCacheEngineVersions DescribeCacheParameterGroups DescribeCacheParameters
        DescribeCacheSubnetGroups DescribeGlobalReplicationGroups DescribeReplicationGroups
        DescribeServerlessCacheSnapshots DescribeServerlessCaches DescribeSnapshots DescribeUserGroups DescribeUsers
        ListTagsForResource""",
    "sns": """
        GetDataProtectionPolicy GetSMSAttributes GetSMSSandboxAccountStatus GetSubscriptionAttributes
        GetTopicAttributes ListPlatformApplications ListSubscriptions ListSubscriptionsByTopic ListTagsForResource
        ListTopics""",
    "route53": """
        GetChange GetDNSSEC GetHealthCheck GetHostedZone GetHostedZoneCount GetHostedZoneLimit GetQueryLoggingConfig
        GetReusableDelegationSet ListHealthChecks ListHostedZones ListHostedZonesByName ListHostedZonesByVPC
        ListQueryLoggingConfigs ListResourceRecordSets ListReusableDelegationSets ListTagsForResource
        ListTagsForResources ListVPCAssociationAuthorizations""",
    "acm": """
        DescribeCertificate GetAccountConfiguration GetCertificate ListCertificates ListTagsForCertificate""",
    "events": """
        DescribeApiDestination DescribeArchive DescribeConnection DescribeEventBus DescribeRule ListApiDestinations
        ListArchives ListConnections ListEventBuses ListRules ListTagsForResource ListTargetsByRule""",
    "codedeploy": """
        BatchGetApplications BatchGetDeploymentGroups BatchGetDeployments GetApplication GetDeployment
        GetDeploymentConfig GetDeploymentGroup ListApplications ListDeploymentConfigs ListDeploymentGroups
        ListDeployments ListTagsForResource""",
    "application-autoscaling": """
        DescribeScalableTargets DescribeScalingActivities DescribeScalingPolicies DescribeScheduledActions
        ListTagsForResource""",
    "servicediscovery": """
        GetInstance GetInstancesHealthStatus GetNamespace GetOperation GetService GetServiceAttributes ListInstances
        ListNamespaces ListOperations ListServices ListTagsForResource""",
    "cloudwatch": """
        DescribeAlarms DescribeAlarmsForMetric DescribeAnomalyDetectors DescribeInsightRules GetDashboard GetMetricData
        GetMetricStatistics GetMetricStream ListDashboards ListMetricStreams ListMetrics ListTagsForResource""",
}

READS: frozenset[str] = frozenset(
    f"{service}:{operation}" for service, operations in _BY_SERVICE.items() for operation in operations.split()
)

_SIZE_MEMBERS = (
    *("MaxResults", "maxResults", "MaxRecords", "MaxItems", "Limit", "limit"),
    *("PageSize", "MaxKeys", "MaxBuckets", "ResourcesPerPage"),
)
# Where the model states no maximum, or (KMS) one that the service refuses; from the API Reference page of each.
_SIZES: Mapping[str, int] = {
    "ec2:DescribeHosts": 500,
    "ec2:DescribeLaunchTemplateVersions": 200,
    "kms:ListAliases": 100,
    "kms:ListGrants": 100,
    "kms:ListResourceTags": 50,
    "sqs:ListDeadLetterSourceQueues": 1000,
    "sqs:ListQueues": 1000,
    "ecs:ListServices": 100,
    "ecs:ListServicesByNamespace": 100,
    "resourcegroupstaggingapi:GetResources": 100,
}
_BY_NAME = re.compile(r"(?:Ids?|Arns?|ARNs?|Names?|Identifiers?|PublicIps)$")


def page_size(operation: str, model: Any, params: Mapping[str, Any]) -> dict[str, int]:
    """The parameter that asks for the largest page, or nothing where none can be given.

    `model` is botocore's model of the operation. A call that lists what it wants by id gets none: EC2 refuses the two
    together (API Reference, DescribeInstances: MaxResults). SQS pages only when it is asked to (ListQueues).
    """
    shape = model.input_shape
    members = shape.members if shape else {}
    member = next((name for name in _SIZE_MEMBERS if name in members), None)
    if member is None or member in params or members[member].type_name not in ("integer", "long"):
        return {}
    if any(isinstance(value, list) and _BY_NAME.search(name) for name, value in params.items()):
        return {}
    largest = _SIZES.get(operation, members[member].metadata.get("max"))
    if largest is None and operation.startswith("ec2:"):
        largest = 1000
    return {} if largest is None else {member: int(largest)}


_TOKEN = re.compile(r"(?:Token|token|Marker|^position)$")
_NOT_A_TOKEN = re.compile(r"(?:Client|Idempotency|Request|Grant|Session)Token$", re.IGNORECASE)


def page_tokens(model: Any) -> tuple[tuple[str, str], ...]:
    """Pairs (input member, path in the reply) that carry one page to the next where botocore has no paginator.

    Derived from the model: `NextToken` stands on both sides, or the reply has `Next` + the input's name (`NextMarker`
    for `Marker`, `NextDNSName` for `DNSName`); CloudFront's lists keep theirs one level down. Empty: there is one page.
    Raises ValueError where the input takes a token that the reply does not give, lest a list be cut short quietly.
    """
    asks = model.input_shape.members if model.input_shape else {}
    gives = model.output_shape.members if model.output_shape else {}
    pairs = _paired(asks, gives, "")
    for name, shape in gives.items():
        if not pairs and shape.type_name == "structure":
            pairs = _paired(asks, shape.members, f"{name}.")
    wanted = {name for name in asks if _TOKEN.search(name) and not _NOT_A_TOKEN.search(name)}
    if wanted and not pairs:
        raise ValueError(f"{model.name} takes {sorted(wanted)}, and its reply has no such token")
    return pairs


def _paired(asks: Mapping[str, Any], gives: Mapping[str, Any], under: str) -> tuple[tuple[str, str], ...]:
    following = tuple((name, f"{under}Next{name}") for name in asks if f"Next{name}" in gives)
    same = ((name, under + name) for name in asks if name in gives and _TOKEN.search(name))
    return following or tuple(pair for pair in same if not _NOT_A_TOKEN.search(pair[0]))


def pages(client: Any, operation: str, model: Any, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every page of botocore's reply, in order. A token that comes twice raises botocore's PaginationError."""
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate(**params)
        return
    from botocore.exceptions import PaginationError

    tokens, following = page_tokens(model), dict[str, Any]()
    while True:
        page = getattr(client, operation)(**{**params, **following})
        yield page
        # Some replies repeat their token on the last page and say so only here (S3 GetObjectAttributes).
        found = {member: _at(page, path) for member, path in tokens if _goes_on(page, path)}
        previous, following = following, {member: token for member, token in found.items() if token}
        if not following:
            return
        if following == previous:
            raise PaginationError(message="The same page token came twice")


def _goes_on(page: Mapping[str, Any], path: str) -> bool:
    above, dot, _ = path.rpartition(".")
    return _at(page, f"{above}{dot}IsTruncated") is not False


def _at(page: Mapping[str, Any], path: str) -> Any:
    value: Any = page
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


_ONCE = re.compile(
    r"(?:Create|Run|Allocate|Copy|Restore|Publish|Send|Register|Request|Import|Start|Purchase|Invoke|Add|Accept|Replicate"
    r"|Increase|Decrease|Rotate|Generate)"
)
# Sending these twice ends as sending them once: they are absolute, or AWS answers an equal second one as the first.
_AS_ONCE = frozenset(
    {"s3:CopyObject", "s3:CreateMultipartUpload", "sqs:CreateQueue", "sns:CreateTopic", "ec2:CreateTags"}
    | {"ecs:CreateCluster", "elbv2:RegisterTargets", "elbv2:AddTags", "application-autoscaling:RegisterScalableTarget"}
)
_TOKEN_MEMBERS = ("ClientToken", "clientToken", "ClientRequestToken", "IdempotencyToken", "CreationToken")


def repeatable(operation: str, model: Any, params: Mapping[str, Any]) -> bool:
    """Whether a call may be sent again although the first one may have been carried out.

    False for an operation that makes something and bears no idempotency token: CreateVpc, sent again after a lost
    reply, makes a second VPC (EC2 API Reference, Ensuring idempotency).
    """
    name = operation.partition(":")[2]
    if operation in READS or operation in _AS_ONCE or name.startswith("AddTags") or not _ONCE.match(name):
        return True
    return bool(model.idempotent_members) or any(params.get(member) for member in _TOKEN_MEMBERS)
