import pytest

from resettle import shapes


def test_an_operation_is_known_by_its_qualified_name() -> None:
    assert shapes.qualified("sqs", "create_queue") == "sqs:CreateQueue"
    assert shapes.known("sqs", "create_queue")
    assert not shapes.known("sqs", "create_cue")
    with pytest.raises(KeyError):
        shapes.operation_name("sqs", "create_cue")


def test_a_value_is_cut_to_what_the_call_takes() -> None:
    shape = shapes.members("ec2", "authorize_security_group_ingress")["IpPermissions"]
    live = [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "Made": "up",
            "IpRanges": [{"CidrIp": "10.0.0.0/8", "Extra": 1}],
            "ToPort": None,
        }
    ]

    assert shapes.cut(live, shape) == [{"IpProtocol": "tcp", "FromPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]


def test_a_document_becomes_text_where_the_call_wants_text() -> None:
    fitted = shapes.fit({"KeyId": "k", "Policy": {"b": 1, "a": 2}}, shapes.input_shape("kms", "put_key_policy"))

    assert fitted == {"KeyId": "k", "Policy": '{"a":2,"b":1}'}


def test_a_bare_truth_is_wrapped_where_ec2_wants_it_wrapped() -> None:
    shape = shapes.input_shape("ec2", "modify_vpc_attribute")

    assert shapes.fit({"VpcId": "v", "EnableDnsSupport": False}, shape)["EnableDnsSupport"] == {"Value": False}


@pytest.mark.parametrize(
    "raw",
    [
        {"Team": "a", "aws:created": "x", "resettle:step": "s"},
        [{"Key": "Team", "Value": "a"}, {"Key": "aws:created", "Value": "x"}, {"Key": "resettle:step", "Value": "s"}],
        [{"TagKey": "Team", "TagValue": "a"}, {"TagKey": "resettle:step", "TagValue": "s"}],
    ],
)
def test_tags_of_every_form_are_read_without_those_of_aws_and_ours(raw: object) -> None:
    assert shapes.read_tags(raw) == {"Team": "a"}
    assert shapes.step_tag(raw) == "s"


def test_what_bears_no_tag_was_made_by_no_step() -> None:
    assert shapes.step_tag(None) == ""
    assert shapes.step_tag([{"Key": "Team", "Value": "a"}]) == ""


@pytest.mark.parametrize(
    ("service", "op", "expected"),
    [
        ("ec2", "create_vpc", {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "1"}]}]}),
        ("kms", "create_key", {"Tags": [{"TagKey": "a", "TagValue": "1"}]}),
        ("sqs", "create_queue", {"tags": {"a": "1"}}),
        ("kms", "create_alias", {}),
    ],
)
def test_tags_are_written_in_the_form_that_the_call_takes(service: str, op: str, expected: dict[str, object]) -> None:
    assert shapes.write_tags(service, op, {"a": "1"}, "vpc") == expected
