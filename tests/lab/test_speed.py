"""What makes the lab quick changes no byte of its answers."""

from types import MappingProxyType, SimpleNamespace

import pytest
import xmltodict
from botocore.utils import parse_to_aware_datetime
from hypothesis import given
from hypothesis import strategies as st
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model

from resettle_lab.rendering import RememberingPicker, Renderer, moment_reader

NAMES = st.sampled_from(["Reply", "item", "member", "a-b", "ns:Thing", "x.y"])
TEXTS = st.text(max_size=6) | st.integers() | st.booleans() | st.none() | st.binary(max_size=4) | st.floats(allow_nan=False)
ATTRIBUTES = st.fixed_dictionaries({}, optional={"@xmlns": st.text(max_size=4), "@type": TEXTS, "#text": TEXTS})
BODIES = st.recursive(
    TEXTS | st.lists(TEXTS, max_size=3),
    lambda inner: st.builds(dict.__or__, ATTRIBUTES, st.dictionaries(NAMES, inner, max_size=4)) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(NAMES, BODIES, st.booleans(), st.booleans())
def test_a_document_is_the_same_byte_by_byte(name, body, full, short):
    asked = {"full_document": full, "short_empty_elements": short, "pretty": False}
    if full and isinstance(body, list):
        body = {"item": body}

    assert Renderer().unparse({name: body}, **asked) == xmltodict.unparse({name: body}, **asked)


def test_a_pretty_document_and_one_with_namespaces_are_the_same():
    body = {"Reply": {"@xmlns": {"": "http://one", "two": 'http://"two"'}, "item": ["<a>", None, {"b": []}]}}

    for pretty in (True, False):
        asked = {"full_document": True, "short_empty_elements": True, "pretty": pretty}
        assert Renderer().unparse(body, **asked) == xmltodict.unparse(body, **asked)


@pytest.mark.parametrize("name", ["a b", "<a", "?a", "a=b", "a/b"])
def test_a_name_that_is_no_xml_name_is_still_refused(name):
    with pytest.raises(ValueError, match=r"not allowed|cannot start"):
        Renderer().unparse({"Reply": {name: "1"}}, full_document=True, short_empty_elements=True, pretty=False)


class SecurityGroup:
    def __init__(self):
        self.id, self.name, self.group_id, self.ip_permissions, self.tag_set = "by-class", "n", "by-key", [1], [2]


class Aliased:
    class Meta:
        serialization_aliases = MappingProxyType({"GroupId": "odd"})

    odd = "by-alias"


OBJECTS = [
    SecurityGroup(),
    Aliased(),
    {"GroupId": "g", "groupName": "small", "group_name": "snake", "Tags": None},
    {"id": "prefix", "VpcId": 0, "TagList": ["t"], "IpPermissionList": ["p"]},
    SimpleNamespace(Id="x", vpc_id="v", Description=""),
]
TRANSFORMERS = {".GroupId": lambda value: f"<{value}>", "DescribeSecurityGroups.VpcId": lambda _: None}


@pytest.mark.parametrize("transformers", [None, TRANSFORMERS])
@pytest.mark.parametrize(
    ("service", "shape"), [("ec2", "SecurityGroup"), ("rds", "DBInstance"), ("s3", "Grant"), ("sqs", "Message")]
)
def test_a_member_is_found_under_the_same_names(service, shape, transformers):
    model = get_service_model(service)
    structure = model.shape_for(shape)
    quick, slow = (each(response_transformers=transformers) for each in (RememberingPicker, XFormedAttributePicker))
    serializer = SimpleNamespace(path=["DescribeSecurityGroups"], operation_model=None, service_model=model)
    found = []
    for key, member in structure.members.items():
        member.parent = structure
        for value in (*OBJECTS, *OBJECTS):
            context = AttributePickerContext(
                obj=value, key=key, shape=member, operation_model=None, service_model=model, key_path="DescribeSecurityGroups"
            )
            found.append((quick.pick(serializer, value, key, member), slow(context)))

    assert [one for one, _ in found] == [other for _, other in found]
    assert len(found) >= 10


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T23:28:27Z",
        "2026-11-22T23:28:27.581Z",
        "2026-11-22T23:28:27.581739Z",
        "2026-11-22T23:28:27",
        "2026-11-22",
        1700000000,
    ],
)
def test_a_moment_is_read_as_the_same(written):
    assert moment_reader(parse_to_aware_datetime)(written) == parse_to_aware_datetime(written)
