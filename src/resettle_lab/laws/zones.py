"""Zone names are each account's own: one name means different zone ids, that is different buildings, in two accounts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.models.subnets import Subnet, SubnetBackend
from moto.utilities.utils import filter_resources

from ..law import Law
from ..world import World, aws_error

FILTERS = (
    ("zone-id", "zone_id"),
    ("zone-type", "zone_type"),
    ("zone-name", "name"),
    ("region-name", "region_name"),
    ("state", "state"),
)


def install(world: World) -> None:
    """Give the source the ids in moto's order, and every other account the same ids in another order."""

    def own_zones(account: str, region: str) -> tuple[Zone, ...]:
        return shuffled(region, 0 if account == world.source else 2)

    world.patch(RegionsAndZonesBackend, "describe_availability_zones", lambda _: _described(own_zones))
    world.patch(SubnetBackend, "create_subnet", lambda original: _created_in_own_zone(original, own_zones))
    world.patch(Subnet, "get_filter_value", _filtered_by_id)


@cache
def shuffled(region: str, by: int) -> tuple[Zone, ...]:
    """Return a region's zones with their ids moved on by `by` places (by one where that would move nothing)."""
    zones = RegionsAndZonesBackend.zones.get(region, [])
    shift = by % len(zones) or min(by, 1) if zones else 0
    ids = [zone.zone_id for zone in zones]
    return tuple(
        Zone(name=zone.name, region_name=region, zone_id=zone_id, zone_type=zone.zone_type)
        for zone, zone_id in zip(zones, ids[shift:] + ids[:shift], strict=True)
    )


OwnZones = Callable[[str, str], tuple[Zone, ...]]


def _described(own_zones: OwnZones) -> Callable[..., list[Zone]]:
    def describe_availability_zones(
        self: Any,
        filters: Any = None,
        zone_names: list[str] | None = None,
        zone_ids: list[str] | None = None,
    ) -> list[Zone]:
        zones = list(own_zones(self.account_id, self.region_name))
        found: list[Zone] = filter_resources(zones, filters, FILTERS) if filters else zones
        return [
            zone for zone in found if (not zone_ids or zone.zone_id in zone_ids) and (not zone_names or zone.name in zone_names)
        ]

    return describe_availability_zones


def _created_in_own_zone(original: Callable[..., Any], own_zones: OwnZones) -> Callable[..., Any]:
    def create_subnet(
        self: Any,
        vpc_id: str,
        cidr_block: str,
        ipv6_cidr_block: str | None = None,
        availability_zone: str | None = None,
        availability_zone_id: str | None = None,
        **rest: Any,
    ) -> Any:
        zones = own_zones(self.account_id, self.region_name)
        zone = _chosen(zones, availability_zone, availability_zone_id)
        subnet = original(self, vpc_id, cidr_block, ipv6_cidr_block=ipv6_cidr_block, availability_zone=zone.name, **rest)
        subnet._availability_zone = zone
        return subnet

    return create_subnet


def _filtered_by_id(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_filter_value(self: Subnet, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name in ("availability-zone-id", "availabilityZoneId"):
            return self.availability_zone_id
        return original(self, filter_name, method_name)

    return get_filter_value


def _chosen(zones: tuple[Zone, ...], name: str | None, zone_id: str | None) -> Zone:
    if name and zone_id:
        raise aws_error(
            "InvalidParameterCombination", "The parameters availabilityZone and availabilityZoneId may not be combined."
        )
    for zone in zones:
        if (name or zone_id) in (None, zone.name if name else zone.zone_id):
            return zone
    wanted, parameter = (name, "availabilityZone") if name else (zone_id, "availabilityZoneId")
    offered = ", ".join(zone.name if name else zone.zone_id for zone in zones)
    raise aws_error(
        "InvalidParameterValue",
        f"Value ({wanted}) for parameter {parameter} is invalid. "
        f"Subnets can currently only be created in the following availability zones: {offered}.",
    )


LAW = Law(
    name="zones",
    rule="A zone id names the same place in every account, a zone name does not: each account maps names to ids its own way, "
    "and a subnet can be made by either.",
    source="Amazon EC2 User Guide, 'Regions and Zones' (AZ IDs); AWS RAM User Guide, 'Availability Zone IDs for your AWS "
    "resources'; Amazon EC2 API Reference, 'CreateSubnet'",
    install=install,
)
