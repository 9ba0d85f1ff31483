from dataclasses import replace

from tests.support.engine import GROUP, KEY, LOG, VPC

from resettle import calls
from resettle.kind import Call, Kind


def vpc_with(*more: Call) -> Kind:
    return replace(VPC, make=replace(VPC.make, calls=(VPC.make.calls[0], *more)))


PARAMETERS = Kind(
    "AWS::RDS::DBParameterGroup",
    "rds",
    read=LOG.read,
    name=LOG.name,
    make=replace(
        LOG.make,
        calls=(
            Call("create_db_parameter_group"),
            Call("modify_db_parameter_group", {"DBParameterGroupName": "{self}"}, fields=("Parameters",), chunk=2),
        ),
    ),
    undo=LOG.undo,
)


def sent(kind: Kind, spec: dict[str, object]) -> list[dict[str, object]]:
    found = calls.configure(kind, kind.make.calls[1:], spec, spec, {**spec, "self": "me"})
    return [request.params for request in found]


def test_a_creating_call_takes_its_fields_and_bears_our_tag() -> None:
    request = calls.create(
        VPC, {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": True, "Tags": {"Team": "a"}}, {"CidrBlock"}, {}, "s"
    )

    assert request.params == {
        "CidrBlock": "10.0.0.0/16",
        "TagSpecifications": [
            {"ResourceType": "vpc", "Tags": [{"Key": "Team", "Value": "a"}, {"Key": "resettle:step", "Value": "s"}]}
        ],
    }


def test_a_field_that_waits_is_made_with_its_neutral_value() -> None:
    spec = {"Description": "d", "Policy": {"Statement": [{"Sid": "Late"}]}}

    waiting = calls.create(KEY, spec, {"Description"}, {}, "s").params["Policy"]
    at_once = calls.create(KEY, spec, {"Description", "Policy"}, {}, "s").params["Policy"]

    assert waiting == '{"Statement":[],"Version":"2012-10-17"}'
    assert at_once == '{"Statement":[{"Sid":"Late"}]}'


def test_a_late_field_is_not_sent_by_the_creating_call() -> None:
    assert "IpPermissions" not in calls.taken(GROUP, GROUP.make.calls[0])


def test_a_call_is_not_sent_where_the_spec_has_none_of_its_fields() -> None:
    assert sent(LOG, {"logGroupName": "g"}) == []
    assert sent(LOG, {"logGroupName": "g", "retentionInDays": 7}) == [{"logGroupName": "me", "retentionInDays": 7}]


def test_a_call_with_a_condition_is_sent_only_where_it_holds() -> None:
    kind = vpc_with(Call("modify_vpc_attribute", {"VpcId": "{self}"}, fields=("EnableDnsSupport",), when="EnableDnsSupport"))

    assert sent(kind, {"CidrBlock": "c", "EnableDnsSupport": False}) == []
    assert len(sent(kind, {"CidrBlock": "c", "EnableDnsSupport": True})) == 1


def test_split_sends_one_call_a_field_and_leaves_out_what_aws_does_anyway() -> None:
    kind = vpc_with(Call("modify_vpc_attribute", {"VpcId": "{self}"}, split=True))
    kind = replace(kind, read=replace(kind.read, absent={"EnableNetworkAddressUsageMetrics": False}))
    spec = {
        "CidrBlock": "c",
        "EnableDnsSupport": True,
        "EnableDnsHostnames": True,
        "EnableNetworkAddressUsageMetrics": False,
    }

    found = sent(kind, spec)

    assert [sorted(params) for params in found] == [["EnableDnsHostnames", "VpcId"], ["EnableDnsSupport", "VpcId"]] or [
        sorted(params) for params in found
    ] == [["EnableDnsSupport", "VpcId"], ["EnableDnsHostnames", "VpcId"]]


def test_each_sends_one_call_an_item() -> None:
    kind = vpc_with(Call("associate_vpc_cidr_block", {"VpcId": "{self}", "CidrBlock": "{item}"}, each="More"))

    assert sent(kind, {"CidrBlock": "c", "More": ["a", "b"]}) == [
        {"VpcId": "me", "CidrBlock": "a"},
        {"VpcId": "me", "CidrBlock": "b"},
    ]


def test_a_list_that_is_too_long_goes_in_parts_and_nothing_twice() -> None:
    items = [{"ParameterName": name} for name in "abcde"]

    parts = [params["Parameters"] for params in sent(PARAMETERS, {"Parameters": items})]

    assert parts == [items[:2], items[2:4], items[4:]]


def test_an_empty_list_that_goes_in_parts_is_no_call() -> None:
    assert sent(PARAMETERS, {"Parameters": []}) == []


def test_a_parameter_that_is_none_is_not_sent() -> None:
    kind = vpc_with(Call("associate_vpc_cidr_block", {"VpcId": "{self}", "CidrBlock": "{nothing}"}, fields=()))

    found = calls.configure(kind, kind.make.calls[1:], {}, (), {"self": "me", "nothing": None})

    assert [request.params for request in found] == [{"VpcId": "me"}]
