"""The address book by example: what counts as a mention, what it becomes, and what is left to a person."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from resettle.addresses import AddressBook, Claim
from resettle.errors import Undecided, Unresolved
from resettle.model import Ref, Side, Strength

SOURCE, TARGET = "111122223333", "444455556666"
REGION = "ap-northeast-2"
BUCKET = "AWS::S3::Bucket"


def ref(kind: str, identity: str) -> Ref:
    return Ref(Side.SOURCE, REGION, kind, identity)


def book(*names: tuple[str, str | None, str, Strength], facet: str = "name") -> AddressBook:
    """A book of (text, successor, kind, strength), each owned by a thing of that text and kind."""
    claims = [Claim(text, ref(kind, text), facet, strength) for text, _, kind, strength in names]
    learned = {(ref(kind, text), facet): new for text, new, kind, _ in names if new is not None}
    return AddressBook(claims, source_account=SOURCE, target_account=TARGET, learned=learned)


QUEUE_ARN = f"arn:aws:sqs:{REGION}:{SOURCE}:orders"
NEW_QUEUE_ARN = f"arn:aws:sqs:{REGION}:{TARGET}:orders"


def queues() -> AddressBook:
    return book((QUEUE_ARN, NEW_QUEUE_ARN, "AWS::SQS::Queue", "strong"))


def buckets() -> AddressBook:
    return book(
        ("mybrary-photos", f"mybrary-photos-{TARGET}", BUCKET, "distinct"),
        ("mybrary-photos-old", f"mybrary-photos-old-{TARGET}", BUCKET, "distinct"),
        ("photos", f"photos-{TARGET}", BUCKET, "distinct"),
        ("backups1", f"backups1-{TARGET}", BUCKET, "distinct"),
        ("frontend", f"frontend-{TARGET}", BUCKET, "distinct"),
    )


def test_an_arn_is_rewritten_whole_and_its_account_number_is_not_a_second_mention() -> None:
    found = queues().mentions({"Queue": QUEUE_ARN})

    assert [(mention.path, mention.text, mention.facet) for mention in found] == [(("Queue",), QUEUE_ARN, "name")]
    assert queues().rewrite({"Queue": QUEUE_ARN}) == {"Queue": NEW_QUEUE_ARN}


@pytest.mark.parametrize("sibling", ["orders-dlq", "orders_dlq", "orders.fifo", "ordersdlq", "orders-*"])
def test_a_longer_sibling_is_another_thing_and_only_its_account_number_changes(sibling: str) -> None:
    text = f"arn:aws:sqs:{REGION}:{SOURCE}:{sibling}"

    assert [mention.facet for mention in queues().mentions(text)] == ["id"]
    assert queues().rewrite(text) == text.replace(SOURCE, TARGET)


@pytest.mark.parametrize("around", ["{}:live", "{}/*", "{}*", "see {}.", "{}, {}", "<{}>", "x={}", "한글{}은", "${{Q:-{}}}"])
def test_an_arn_is_found_with_whatever_may_stand_around_it(around: str) -> None:
    text = around.format(QUEUE_ARN, QUEUE_ARN)

    assert queues().rewrite(text) == around.format(NEW_QUEUE_ARN, NEW_QUEUE_ARN)


@pytest.mark.parametrize(
    "form",
    [
        "{}", "s3://{}/a/b", "s3a://{}/a", "https://{}.s3.amazonaws.com/a", f"{{}}.s3.{REGION}.amazonaws.com",
        f"{{}}.s3.dualstack.{REGION}.amazonaws.com", f"http://{{}}.s3-website.{REGION}.amazonaws.com",
        f"{{}}.s3-website-{REGION}.amazonaws.com", "{}.s3-accelerate.amazonaws.com",
        f"https://s3.{REGION}.amazonaws.com/{{}}/key", "https://s3-us-west-2.amazonaws.com/{}", "arn:aws:s3:::{}/*",
        "arn:aws-cn:s3:::{}", "-Dbucket={}", "${{BUCKET:{}}}", "${{BUCKET:-{}}}",
    ],
)  # fmt: skip
def test_a_bucket_is_found_in_every_form_of_url_and_at_borders(form: str) -> None:
    found = buckets().rewrite(form.format("mybrary-photos"))

    assert found == form.format(f"mybrary-photos-{TARGET}")


@pytest.mark.parametrize(
    "text",
    [
        "my_mybrary-photos",
        "mybrary-photos_x",
        "mybrary-photos.jpg",
        "www.mybrary-photos",
        "mybrary-photosx",
        "mybrary-photos-new",
        "mybrary-photos-${E}",
        "a-mybrary-photos",
    ],
)
def test_a_bucket_inside_a_longer_name_is_not_that_bucket(text: str) -> None:
    assert buckets().mentions(text) == []
    assert buckets().rewrite(text) == text


def test_a_bucket_and_its_longer_sibling_are_told_apart() -> None:
    text = "s3://mybrary-photos s3://mybrary-photos-old mybrary-photos-old,mybrary-photos"

    new, old = f"mybrary-photos-{TARGET}", f"mybrary-photos-old-{TARGET}"
    assert buckets().rewrite(text) == f"s3://{new} s3://{old} {old},{new}"


@pytest.mark.parametrize("name", ["photos", "frontend"])
def test_a_short_or_common_bucket_name_standing_alone_is_a_decision(name: str) -> None:
    [mention] = buckets().mentions({"Env": f"use the {name} here"})

    assert mention.decision
    with pytest.raises(Undecided, match="Env"):
        buckets().rewrite({"Env": f"use the {name} here"})


@pytest.mark.parametrize(
    "form", ["s3://{}/x", "arn:aws:s3:::{}", "{}.s3.amazonaws.com", "https://s3.amazonaws.com/{}", "s3%3A%2F%2F{}"]
)
def test_a_common_bucket_name_in_a_url_of_s3_is_certain(form: str) -> None:
    assert buckets().rewrite(form.format("photos")) == form.format(f"photos-{TARGET}")


def test_a_common_bucket_name_in_a_url_of_something_else_is_a_decision() -> None:
    [mention] = buckets().mentions("https://example.com/photos/1")

    assert mention.decision


def test_a_bucket_is_certain_at_a_place_of_its_kind() -> None:
    weak = {"Origins[].Bucket": BUCKET}

    assert buckets().rewrite({"Origins": [{"Bucket": "photos"}]}, weak) == {"Origins": [{"Bucket": f"photos-{TARGET}"}]}


def test_a_distinct_name_that_something_else_bears_too_is_a_decision_outside_urls() -> None:
    names = book(
        ("mybrary-covers", f"mybrary-covers-{TARGET}", BUCKET, "distinct"),
        ("mybrary-covers", "mybrary-covers", "AWS::SQS::Queue", "weak"),
    )

    with pytest.raises(Undecided):
        names.rewrite("mybrary-covers")
    assert names.rewrite("s3://mybrary-covers") == f"s3://mybrary-covers-{TARGET}"
    assert names.rewrite({"Queue": "mybrary-covers"}, {"Queue": "AWS::SQS::Queue"}) == {"Queue": "mybrary-covers"}


def test_a_bucket_and_its_policy_that_bear_one_name_do_not_dispute_it() -> None:
    names = book(
        ("mybrary-covers", "covers-2", BUCKET, "distinct"),
        ("mybrary-covers", None, "AWS::S3::BucketPolicy", "weak"),
    )

    assert names.rewrite("mybrary-covers") == "covers-2"


def test_weak_names_count_only_at_places_of_their_own_kind() -> None:
    names = book(
        ("prod", "prod-2", "AWS::RDS::DBSubnetGroup", "weak"),
        ("prod", "prod-3", "AWS::RDS::DBParameterGroup", "weak"),
    )
    weak = {
        "DBSubnetGroupName": "AWS::RDS::DBSubnetGroup",
        "Groups[].Name": "AWS::RDS::DBParameterGroup",
        "Tags.*": "AWS::RDS::DBSubnetGroup",
    }
    value = {
        "DBSubnetGroupName": "prod",
        "Groups": [{"Name": "prod"}],
        "Tags": {"prod": "prod"},
        "Other": "prod",
        "Name": "prod",
    }

    assert names.rewrite(value, weak) == {
        "DBSubnetGroupName": "prod-2", "Groups": [{"Name": "prod-3"}], "Tags": {"prod": "prod-2"}, "Other": "prod", "Name": "prod",
    }  # fmt: skip
    assert names.mentions(value) == []


def test_a_weak_place_inside_json_in_a_string_is_seen() -> None:
    names = book(("prod", "prod-2", "AWS::RDS::DBSubnetGroup", "weak"))
    value = {"Settings": json.dumps({"Group": "prod", "Other": "prod"})}

    rewritten = names.rewrite(value, {"Settings.Group": "AWS::RDS::DBSubnetGroup"})

    assert json.loads(rewritten["Settings"]) == {"Group": "prod-2", "Other": "prod"}


def test_a_strong_name_at_a_weak_place_counts_as_always() -> None:
    assert queues().rewrite({"Name": f"{QUEUE_ARN}:1"}, {"Name": "AWS::RDS::DBInstance"}) == {"Name": f"{NEW_QUEUE_ARN}:1"}


@pytest.mark.parametrize(
    "text",
    [f"a{SOURCE}b", f"-{SOURCE}-", f"x_{SOURCE}", f"%20{SOURCE}", f"{SOURCE}.dkr.ecr.{REGION}.amazonaws.com/app:1"],
)
def test_the_account_number_is_found_beside_letters_and_hyphens(text: str) -> None:
    assert queues().rewrite(text) == text.replace(SOURCE, TARGET)


@pytest.mark.parametrize("text", [f"0{SOURCE}", f"{SOURCE}4", SOURCE[:-1]])
def test_a_longer_number_is_not_the_account(text: str) -> None:
    assert queues().mentions(text) == []


def test_the_account_number_is_found_as_a_number_and_as_the_console_writes_it() -> None:
    assert queues().rewrite({"account": int(SOURCE), "other": 5, "yes": True}) == {
        "account": int(TARGET),
        "other": 5,
        "yes": True,
    }
    assert queues().rewrite("1111-2222-3333") == "4444-5555-6666"


def test_a_mention_carries_the_whole_token_around_it() -> None:
    [mention] = queues().mentions('{"Role": "arn:aws:iam::111122223333:role/app"}')

    assert mention.within == "arn:aws:iam::111122223333:role/app"
    assert mention.owner == Ref(Side.SOURCE, "", "account", SOURCE)


def test_ids_are_unmistakable_beside_hyphens_but_case_counts() -> None:
    ids = book(("vpc-0123456789abcdef0", "vpc-0fedcba9876543210", "AWS::EC2::VPC", "strong"))

    assert ids.rewrite("logs/flow-vpc-0123456789abcdef0_x") == "logs/flow-vpc-0fedcba9876543210_x"
    assert ids.mentions("vpc-0123456789ABCDEF0") == []
    assert ids.mentions("vpc-0123456789abcdef01") == []


def test_hosts_are_found_whatever_their_case_with_port_path_and_prefix() -> None:
    host, new = "mydb.abc1.ap-northeast-2.rds.amazonaws.com", "mydb.zzz9.ap-northeast-2.rds.amazonaws.com"
    hosts = book((host, new, "AWS::RDS::DBInstance", "strong"))

    assert (
        hosts.rewrite(f"jdbc:mysql://{host.upper()}:3306/x dualstack.{host}. {host}.")
        == f"jdbc:mysql://{new}:3306/x dualstack.{new}. {new}."
    )
    assert hosts.mentions(f"other-{host}") == []
    assert hosts.mentions(f"{host}.cn") == []


def test_a_urls_host_ignores_case_and_its_path_does_not() -> None:
    url = f"https://sqs.{REGION}.amazonaws.com/{SOURCE}/orders"
    urls = book((url, url.replace(SOURCE, TARGET), "AWS::SQS::Queue", "strong"))

    assert [m.facet for m in urls.mentions(f"https://SQS.{REGION}.amazonaws.com/{SOURCE}/orders")] == ["name"]
    assert [m.facet for m in urls.mentions(f"https://sqs.{REGION}.amazonaws.com/{SOURCE}/Orders")] == ["id"]


def test_an_address_is_found_with_its_port_and_not_in_a_longer_address() -> None:
    addresses = book(("10.0.3.10", "10.0.1.10", "AWS::EC2::Instance", "strong"))

    assert (
        addresses.rewrite("http://10.0.3.10:8888 10.0.3.10/32 10.0.3.105 1.10.0.3.10")
        == "http://10.0.1.10:8888 10.0.1.10/32 10.0.3.105 1.10.0.3.10"
    )
    with pytest.raises(Undecided, match="range"):
        addresses.rewrite("10.0.3.10-10.0.3.20")


def test_a_range_that_stays_is_left_alone_and_one_that_changes_is_a_decision() -> None:
    ranges = book(
        ("10.0.6.0/24", "10.0.6.0/24", "AWS::EC2::Subnet", "extent"),
        ("10.0.7.0/24", "10.0.8.0/23", "AWS::EC2::Subnet", "extent"),
    )

    assert ranges.rewrite(["10.0.6.0/24", "10.0.7.0/240", "110.0.7.0/24", "10.0.7.0/24/x"]) == [
        "10.0.6.0/24",
        "10.0.7.0/240",
        "110.0.7.0/24",
        "10.0.7.0/24/x",
    ]
    with pytest.raises(Undecided, match="a range is a decision"):
        ranges.rewrite("allow 10.0.7.0/24,")


def test_a_range_of_two_owners_is_left_alone_only_if_both_keep_it() -> None:
    first, second = ref("AWS::EC2::VPC", "vpc-1"), ref("AWS::EC2::VPC", "vpc-2")
    ranges = AddressBook(
        [Claim("10.0.0.0/16", owner, "range", "extent") for owner in (first, second)],
        source_account=SOURCE,
        target_account=TARGET,
    )

    ranges.learn(first, "range", "10.0.0.0/16")
    with pytest.raises(Undecided):
        ranges.rewrite("10.0.0.0/16")
    ranges.learn(second, "range", "10.0.0.0/16")
    assert ranges.rewrite("10.0.0.0/16") == "10.0.0.0/16"


def test_what_is_not_known_yet_raises_and_names_the_path_but_no_value() -> None:
    unknown = book((QUEUE_ARN, None, "AWS::SQS::Queue", "strong"))

    with pytest.raises(Unresolved) as raised:
        unknown.rewrite({"Environment": {"KEY": f"secret {QUEUE_ARN}"}})

    assert "Environment.KEY" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_thing_made_again_learns_its_names_again() -> None:
    again = queues()
    owner = ref("AWS::SQS::Queue", QUEUE_ARN)

    again.learn(owner, "name", "arn:aws:sqs:x:y:second")

    assert again.successor(owner, "name") == "arn:aws:sqs:x:y:second"
    assert again.rewrite(QUEUE_ARN) == "arn:aws:sqs:x:y:second"


def test_the_longest_claim_wins_where_several_begin() -> None:
    role = f"arn:aws:iam::{SOURCE}:role/app"
    roles = book(
        (role, "arn:first", "AWS::IAM::Role", "strong"),
        (f"{role}/admin", "arn:second", "AWS::IAM::Role", "strong"),
    )

    assert roles.rewrite(f"{role}/admin {role} {role}/other") == "arn:second arn:first arn:first/other"


def test_an_address_before_another_number_is_not_a_range() -> None:
    addresses = book(("10.0.3.10", "10.0.1.10", "AWS::EC2::Instance", "strong"))

    assert addresses.rewrite("10.0.3.10-2024 10.0.3.10-eureka") == "10.0.1.10-2024 10.0.1.10-eureka"


def test_coined_names_are_claimed_and_rewritten_like_any_other() -> None:
    coined = book(("new:AWS::EC2::Subnet/user#id", "subnet-0123456789abcdef0", "AWS::EC2::Subnet", "strong"))

    assert coined.rewrite({"SubnetIds": ["new:AWS::EC2::Subnet/user#id"]}) == {"SubnetIds": ["subnet-0123456789abcdef0"]}


def test_one_image_of_two_servers_cannot_be_decided_by_its_id() -> None:
    image = "ami-0123456789abcdef0"
    first, second = ref("AWS::EC2::Instance", "i-1"), ref("AWS::EC2::Instance", "i-2")
    claims = [Claim(image, owner, "image", "strong") for owner in (first, second)]
    images = AddressBook(
        claims,
        source_account=SOURCE,
        target_account=TARGET,
        learned={(first, "image"): "ami-1", (second, "image"): "ami-2"},
    )

    with pytest.raises(Undecided, match=r"i-1 or .*i-2"):
        images.rewrite(image)


def test_chains_are_followed_one_step_and_leave_no_leak() -> None:
    chain = book(("10.0.0.1", "10.0.0.2", "AWS::EC2::EIP", "strong"), ("10.0.0.2", "10.0.0.3", "AWS::EC2::EIP", "strong"))

    rewritten = chain.rewrite("10.0.0.1 10.0.0.2")

    assert rewritten == "10.0.0.2 10.0.0.3"
    assert chain.leaks(rewritten) == []
    assert [mention.text for mention in chain.leaks("10.0.0.1")] == ["10.0.0.1"]


def test_a_successor_that_holds_the_source_account_is_passed_over_whole() -> None:
    keeping = book(("app-one-role", f"app-{SOURCE}-role", "AWS::IAM::Role", "distinct"))

    assert keeping.rewrite(f"use app-{SOURCE}-role") == f"use app-{SOURCE}-role"
    assert keeping.leaks(f"app-{SOURCE}-role") == []


def test_items_that_become_one_are_listed_once_and_older_duplicates_stay() -> None:
    merged = book(
        ("subnet-11111111", "subnet-99999999", "AWS::EC2::Subnet", "strong"),
        ("subnet-22222222", "subnet-99999999", "AWS::EC2::Subnet", "strong"),
    )
    value = {"Subnets": ["subnet-11111111", "x", "subnet-22222222"], "Command": ["-v", "-v"]}

    assert merged.rewrite(value) == {"Subnets": ["subnet-99999999", "x"], "Command": ["-v", "-v"]}
    assert value["Subnets"] == ["subnet-11111111", "x", "subnet-22222222"]


def test_keys_are_rewritten_and_two_that_become_one_must_agree() -> None:
    merged = book(
        ("subnet-11111111", "subnet-99999999", "AWS::EC2::Subnet", "strong"),
        ("subnet-22222222", "subnet-99999999", "AWS::EC2::Subnet", "strong"),
    )

    assert merged.rewrite({"subnet-11111111": 1}) == {"subnet-99999999": 1}
    with pytest.raises(Undecided, match="two keys become one"):
        merged.rewrite({"subnet-11111111": 1, "subnet-22222222": 2})


def test_json_in_a_string_keeps_its_formatting() -> None:
    text = f'{{"Resource" :  "{QUEUE_ARN}",\n\t"n": 1.10, "a": "\\n{QUEUE_ARN}"}}'

    assert queues().rewrite({"Policy": text}) == {"Policy": text.replace(QUEUE_ARN, NEW_QUEUE_ARN)}


@pytest.mark.parametrize("escaped", ["/", "-", ":", "."])
def test_json_escapes_do_not_hide_a_mention(escaped: str) -> None:
    url = f"https://sqs.{REGION}.amazonaws.com/{SOURCE}/orders"
    urls = book((url, url.replace(SOURCE, TARGET), "AWS::SQS::Queue", "strong"))
    text = (
        json.dumps({"url": url}).replace(escaped, f"\\u00{ord(escaped):02x}")
        if escaped != ":"
        else json.dumps({"url": url}).replace("/", "\\/")
    )

    assert json.loads(urls.rewrite(text)) == {"url": url.replace(SOURCE, TARGET)}
    assert [mention.facet for mention in urls.leaks(text)] == ["name"]


def test_escaped_letters_in_json_fall_back_to_parsing() -> None:
    text = f'{{"q": "\\u0061{QUEUE_ARN[1:]}"}}'

    assert json.loads(queues().rewrite(text)) == {"q": NEW_QUEUE_ARN}
    assert "name" in [mention.facet for mention in queues().mentions(text)]


def test_a_url_encoded_mention_is_found_and_stays_encoded() -> None:
    text = "next=arn%3Aaws%3Asqs%3Aap-northeast-2%3A111122223333%3Aorders&deep=arn%253aaws%253asqs%253aap-northeast-2%253a111122223333%253aorders"

    assert [mention.facet for mention in queues().leaks(text)] == ["name", "name"]
    assert queues().rewrite(text) == text.replace(SOURCE, TARGET).replace("253a", "253A")


def test_a_name_right_after_an_encoded_slash_is_found() -> None:
    assert buckets().rewrite("url=s3%3A%2F%2Fmybrary-photos%2Fkey") == f"url=s3%3A%2F%2Fmybrary-photos-{TARGET}%2Fkey"


@pytest.mark.parametrize("width", [0, 64, 76])
def test_base64_of_text_is_looked_into_and_wrapped_as_before(width: int) -> None:
    def pack(text: str) -> str:
        run = base64.b64encode(text.encode()).decode()
        return "\n".join(run[at : at + width] for at in range(0, len(run), width)) if width else run

    script = f"#!/bin/bash\nexport QUEUE={QUEUE_ARN}\necho 안녕\n" * 3

    assert [mention.text for mention in queues().mentions({"UserData": pack(script)})] == [QUEUE_ARN] * 3
    assert queues().rewrite({"UserData": pack(script)}) == {"UserData": pack(script.replace(QUEUE_ARN, NEW_QUEUE_ARN))}


def test_sealed_values_yield_what_was_stored_and_are_not_rewritten() -> None:
    owner = ref("AWS::SQS::Queue", QUEUE_ARN)
    sealed = {"Env": {"sealed": "abc", "mentions": [[owner.encode(), "name"]]}}

    [mention] = queues().mentions(sealed)

    assert (mention.path, mention.owner, mention.text) == (("Env",), owner, QUEUE_ARN)
    assert queues().leaks(sealed) == []
    with pytest.raises(ValueError, match="opened before"):
        queues().rewrite(sealed)


def test_edits_are_in_order_and_residue_says_why() -> None:
    text = f"a: {QUEUE_ARN}\nb: photos\nc: {SOURCE}\n"
    names = book((QUEUE_ARN, NEW_QUEUE_ARN, "AWS::SQS::Queue", "strong"), ("photos", "photos-2", BUCKET, "distinct"))

    edits = names.edits(text)

    assert [(edit.old, edit.new) for edit in edits] == [(QUEUE_ARN, NEW_QUEUE_ARN), ("photos", None), (SOURCE, TARGET)]
    assert all(text[edit.start : edit.end] == edit.old for edit in edits)
    assert "common" in edits[1].reason
    assert names.rewrite_text(text) == f"a: {NEW_QUEUE_ARN}\nb: photos\nc: {TARGET}\n"


def test_a_claim_survives_its_json_form() -> None:
    claim = Claim(QUEUE_ARN, ref("AWS::SQS::Queue", "orders"), "arn", "strong")

    assert Claim.decode(json.loads(json.dumps(claim.encode()))) == claim


def test_the_cost_does_not_grow_with_the_number_of_claims() -> None:
    def elapsed(count: int) -> float:
        names: list[Any] = [
            (
                f"arn:aws:sqs:{REGION}:{SOURCE}:queue-{n}",
                f"arn:aws:sqs:{REGION}:{TARGET}:queue-{n}",
                "AWS::SQS::Queue",
                "strong",
            )
            for n in range(count)
        ]
        crowded = book(*names)
        text = "".join(f"line {n}: some-words/and.more = {names[n % count][0]} 한글 end\n" for n in range(12_000))
        started = time.process_time()
        rewritten = crowded.rewrite_text(text)
        assert SOURCE not in rewritten
        return time.process_time() - started

    assert elapsed(20_000) < 4 * elapsed(200) + 0.5
