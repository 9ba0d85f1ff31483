"""Law: what still holds a network's parts when they are to be deleted, and which rules a group takes; it routes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from resettle_lab.law import Law
from resettle_lab.world import AwsError, World, aws_error


def install(world: World) -> None:
    """Refuses to delete what is in use, applies rules whole or not at all, and completes the default group."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
    from moto.ec2.responses.security_groups import SecurityGroups
    from moto.ec2.responses.subnets import Subnets
    from moto.ec2.responses.vpcs import VPCs

    world.patch(SecurityGroups, "delete_security_group", _unused_group)
    world.patch(SecurityGroups, "create_security_group", _named)
    for method in ("authorize_security_group_ingress", "authorize_security_group_egress"):
        world.patch(SecurityGroups, method, _whole)
    world.patch(ElasticNetworkInterfaces, "create_network_interface", _with_known_groups)
    world.patch(Subnets, "delete_subnet", _unused_subnet)
    world.patch(VPCs, "delete_vpc", _empty_vpc)
    world.patch(EC2Backend, "create_vpc", _default_group_knows_itself)
    world.patch(EC2Backend, "_add_source_group", _known_groups)


def _held(thing: str) -> AwsError:
    return aws_error("DependencyViolation", f"{thing} has a dependent object", 400)


def _unused_group(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def delete_security_group(response: Any) -> Any:
        backend = response.ec2_backend
        group = backend.get_security_group_by_name_or_id(response._get_param("GroupId") or response._get_param("GroupName"))
        if group is not None and group.is_default:
            raise aws_error("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted', 400)
        if group is not None and any(_users_of_group(backend, group)):
            raise _held(f"resource {group.id}")
        return original(response)

    return delete_security_group


def _groups(backend: Any) -> Iterator[Any]:
    for by_id in list(backend.groups.values()):
        yield from list(by_id.values())


def _users_of_group(backend: Any, group: Any) -> Iterator[bool]:
    for other in _groups(backend):
        rules = [*other.ingress_rules, *other.egress_rules]
        yield other is not group and any(rule.source_group.get("GroupId") == group.id for rule in rules)
    for interface in backend.enis.values():
        yield any(one.id == group.id for one in interface.group_set)
    for network in _function_networks(backend):
        yield group.id in (network.get("SecurityGroupIds") or [])
    for instance in _databases(backend):
        yield group.id in instance.vpc_security_group_ids


def _function_networks(backend: Any) -> list[dict[str, Any]]:
    from moto.awslambda.models import lambda_backends

    held = lambda_backends[backend.account_id][backend.region_name]._lambdas._functions.values()
    return [one["latest"]._vpc_config for one in held if one["latest"]._vpc_config]


def _databases(backend: Any) -> list[Any]:
    from moto.rds.models import rds_backends

    return list(rds_backends[backend.account_id][backend.region_name].databases.values())


def _named(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def create_security_group(response: Any) -> Any:
        name = str(response._get_param("GroupName"))
        if name.startswith("sg-"):
            raise aws_error("InvalidParameterValue", "Value for parameter GroupName may not begin with sg-.", 400)
        vpc = response._get_param("VpcId")
        if vpc and vpc not in response.ec2_backend.vpcs:
            raise aws_error("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist", 400)
        return original(response)

    return create_security_group


def _whole(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One call's permissions are taken all together or not at all."""

    def authorize(response: Any) -> Any:
        name = response._get_param("GroupId") or response._get_param("GroupName")
        group = response.ec2_backend.get_security_group_by_name_or_id(name)
        if group is None:
            return original(response)
        before = (list(group.ingress_rules), list(group.egress_rules))
        done = False
        try:
            reply = original(response)
            _check_network(response.ec2_backend, group)
            done = True
        finally:
            if not done:
                group.ingress_rules, group.egress_rules = before
        return reply

    return authorize


def _check_network(backend: Any, group: Any) -> None:
    """A rule names a group of its own VPC or of a VPC that is peered with it."""
    peered = [{one.vpc.id, one.peer_vpc.id} for one in backend.vpc_pcxs.values() if one._status.code == "active"]
    for rule in (*group.ingress_rules, *group.egress_rules):
        named = backend.get_security_group_from_id(rule.source_group.get("GroupId", ""))
        if named is None or named.vpc_id == group.vpc_id or {named.vpc_id, group.vpc_id} in peered:
            continue
        message = f"You have specified two resources that belong to different networks: {named.id}, {group.id}"
        raise aws_error("InvalidGroup.NotFound", message, 400)


def _known_groups(original: Callable[..., Any]) -> Callable[..., Any]:
    """A rule names a group by id; moto also takes a name for an id."""

    def add_source_group(backend: Any, source_groups: list[dict[str, Any]] | None, vpc_id: str | None) -> Any:
        for one in source_groups or []:
            own = one.get("UserId", backend.account_id) == backend.account_id
            name = one.get("GroupId")
            if own and name and backend.get_security_group_from_id(name) is None:
                raise aws_error("InvalidGroup.NotFound", f"The security group '{name}' does not exist", 400)
        return original(backend, source_groups, vpc_id)

    return add_source_group


def _with_known_groups(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def create_network_interface(response: Any) -> Any:
        for name in response._get_param("Groups", []) or []:
            if response.ec2_backend.get_security_group_from_id(name) is None:
                raise aws_error("InvalidGroup.NotFound", f"The security group '{name}' does not exist", 400)
        return original(response)

    return create_network_interface


def _unused_subnet(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def delete_subnet(response: Any) -> Any:
        backend, name = response.ec2_backend, response._get_param("SubnetId")
        if any(_users_of_subnet(backend, name)):
            raise _held(f"The subnet '{name}'")
        return original(response)

    return delete_subnet


def _users_of_subnet(backend: Any, name: str) -> Iterator[bool]:
    for interface in backend.enis.values():
        yield interface.subnet.id == name
    for network in _function_networks(backend):
        yield name in (network.get("SubnetIds") or [])
    for instance in _databases(backend):
        group = getattr(instance, "db_subnet_group", None)
        subnets = [] if group is None else group._subnets
        yield any(one.id == name and one.availability_zone == instance.availability_zone for one in subnets)


def _empty_vpc(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def delete_vpc(response: Any) -> Any:
        backend, name = response.ec2_backend, response._get_param("VpcId")
        if name in backend.vpcs and any(_parts_of_vpc(backend, name)):
            raise _held(f"The vpc '{name}'")
        reply = original(response)
        for acl in [one for one in backend.network_acls.values() if one.vpc_id == name]:
            del backend.network_acls[acl.id]
        return reply

    return delete_vpc


def _parts_of_vpc(backend: Any, name: str) -> Iterator[bool]:
    for by_id in backend.subnets.values():
        yield any(subnet.vpc_id == name for subnet in by_id.values())
    yield any(group.vpc_id == name and not group.is_default for group in _groups(backend))
    yield any(one.vpc is not None and one.vpc.id == name for one in backend.internet_gateways.values())
    yield any(one.vpc_id == name and one.state != "deleted" for one in backend.nat_gateways.values())
    yield any(one.subnet.vpc_id == name for one in backend.enis.values())
    yield any(one.vpc_id == name and one.state != "deleted" for one in backend.vpc_end_points.values())
    yield any(one.vpc_id == name and not one.default for one in backend.network_acls.values())
    yield any(one.vpc_id == name and one.main_association_id is None for one in backend.route_tables.values())


def _default_group_knows_itself(original: Callable[..., Any]) -> Callable[..., Any]:
    """AWS page "Default security groups for your VPCs": members of the default group reach each other."""

    def create_vpc(backend: Any, *arguments: Any, **named: Any) -> Any:
        vpc = original(backend, *arguments, **named)
        group = backend.get_security_group_from_name("default", vpc_id=vpc.id)
        backend.authorize_security_group_ingress(
            group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id, "UserId": backend.account_id}]
        )
        return vpc

    return create_vpc


LAW = Law(
    name="ec2-dependencies",
    rule="A security group, subnet or VPC that something still uses or names is not deleted (DependencyViolation); rules are "
    "taken whole; a new VPC's default group lets in its own members.",
    source="Amazon EC2 API reference: DeleteSecurityGroup, DeleteSubnet, DeleteVpc, AuthorizeSecurityGroupIngress; Amazon VPC "
    "User Guide: Default security groups for your VPCs; Delete your VPC",
    install=install,
)
