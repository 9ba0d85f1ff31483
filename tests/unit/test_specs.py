from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.engine import GROUP, KEY, LOG, SECRET, VPC

from resettle import specs
from resettle.kind import Call, Facet, Kind, Make, Named, Read, Undo, strong
from resettle.model import Name


def kind(**read: Any) -> Kind:
    return Kind(
        "AWS::SQS::Queue",
        "sqs",
        read=Read(**read),
        name=Named(id="QueueName", names={"url": strong("Urls"), "none": Facet("Nothing", "weak")}),
        make=Make(calls=(Call("create_queue"),)),
        undo=Undo(delete=None),
    )


def test_a_word_alone_takes_the_value_as_it_is_and_a_word_in_a_text_its_text() -> None:
    context = {"items": [1, 2], "region": "r", "copied": {"key": "k"}}

    filled = specs.fill({"A": "{items}", "B": "in {region}", "C": "{copied.key}"}, context)

    assert filled == {"A": [1, 2], "B": "in r", "C": "k"}


def test_a_parameter_whose_word_is_not_known_is_left_out() -> None:
    assert specs.fill({"A": "{unknown}", "B": "x {unknown} y", "C": ["{unknown}", "c"]}, {}) == {"C": ["c"]}


def test_what_a_value_brings_is_not_taken_for_a_template() -> None:
    assert specs.fill({"A": "{policy}"}, {"policy": "{secret}", "secret": "hunter2"}) == {"A": "{secret}"}


def test_the_words_of_a_template_are_told() -> None:
    assert specs.words({"A": ["{one}", {"B": "x{two.deep}"}], "C": 3}) == {"one", "two"}


def test_a_spec_is_what_the_making_calls_take_and_nothing_else() -> None:
    live = {
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.0.0/16",
        "EnableDnsSupport": True,
        "State": "available",
        "Tags": [],
        "New": 1,
    }

    assert specs.spec_of(VPC, live) == {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": True, "Tags": {}}


def test_what_describe_leaves_out_is_what_aws_takes_it_for() -> None:
    made = kind(absent={"Attributes.DelaySeconds": "0", "Missing.Deep": 1})

    assert specs.spec_of(made, {"QueueName": "q", "Attributes": {}}) == {
        "QueueName": "q",
        "Attributes": {"DelaySeconds": "0"},
    }
    assert specs.spec_of(made, {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}})["Attributes"] == {"DelaySeconds": "5"}


def test_a_volatile_field_and_a_dropped_one_are_no_part_of_the_spec() -> None:
    made = kind(volatile=("Attributes",), drop={"tags": "elsewhere"})

    assert specs.spec_of(made, {"QueueName": "q", "Attributes": {"A": "1"}, "tags": {"a": "b"}}) == {"QueueName": "q"}


def test_equal_policies_give_equal_specs_however_aws_writes_them() -> None:
    one = {"Description": "", "Policy": '{"Statement":{"Action":"kms:*"}}', "Tags": []}
    other = {"Description": "", "Policy": '{"Statement":[{"Action":["kms:*"]}]}', "Tags": []}

    assert specs.spec_of(KEY, one) == specs.spec_of(KEY, other)


def test_equal_rules_in_another_order_give_equal_specs() -> None:
    rules = [{"IpProtocol": "tcp", "FromPort": port} for port in (22, 80, 22)]
    group = {"GroupName": "g", "Description": "d", "VpcId": "v", "Tags": []}

    one = specs.spec_of(GROUP, {**group, "IpPermissions": rules})

    assert one == specs.spec_of(GROUP, {**group, "IpPermissions": [rules[1], rules[0]]})


@given(st.lists(st.sampled_from("abc")), st.integers(0, 3))
def test_canonical_again_is_the_same(names: list[str], number: int) -> None:
    made = kind(sets=("Attributes[].N", "Attributes"))
    spec = {"Attributes": [{"N": names}] * number}

    once = specs.canonical_spec(made, spec)

    assert specs.canonical_spec(made, once) == once


def test_several_texts_of_one_facet_are_told_apart() -> None:
    found = specs.names_of(kind(), {"Urls": ["a", "b", "", None], "Nothing": 5})

    assert found == (Name("url", "a", "strong"), Name("url.1", "b", "strong"))


def test_a_child_is_known_by_its_parent_and_itself() -> None:
    assert specs.identity_of(LOG, {"logGroupName": "x"}, "parent") == "parent|x"
    assert specs.identity_of(LOG, {"logGroupName": "x"}) == "x"


def test_late_are_the_fields_of_late_calls_but_not_those_with_a_first_value() -> None:
    assert specs.late_fields(GROUP) == {"IpPermissions"}
    assert specs.late_fields(KEY) == frozenset()


def test_a_thing_tells_by_its_tag_which_step_made_it() -> None:
    assert specs.step_of(VPC, {"Tags": [{"Key": "resettle:step", "Value": "s"}]}) == "s"
    assert specs.step_of(SECRET, {"Tags": []}) == ""
    assert specs.step_of(LOG, {"Tags": [{"Key": "resettle:step", "Value": "s"}]}) == ""
