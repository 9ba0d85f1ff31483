"""What must hold for every kind by botocore's model alone. Nothing is sent; each failure lists all offenders of one kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jmespath
import pytest
from jmespath.exceptions import JMESPathError
from tests.contract import anatomy, expressions
from tests.contract.anatomy import Part

from resettle import calls, canon, kinds, shapes, specs
from resettle.kind import Call, Kind
from resettle.reads import READS

MODULES = anatomy.modules()
KINDS: dict[str, Kind] = {type_: module.KIND for type_, module in MODULES.items()}
every_kind = pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))

# Words that the engine knows besides the fields of a thing: execute/desk.py, execute/hops.py, execute/grants.py, read.py.
ALWAYS = {"self", "account", "region"}
MAKING = {"parent", "step", "source_account", "target_account", "park_bucket", "copied", "item", "items", "tag_list"}
HOPPING = {"hop", "previous", "made"}
# Codes that a service may give for any operation, and that no model lists.
COMMON = {
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "ValidationError",
    "MalformedPolicyDocument",
    "AccessDenied",
}
FILE_LINES, FUNCTIONS = 150, 3


def spec_fields(kind: Kind) -> set[str]:
    return {*specs.fields(kind), "Tags"} if kind.read.tags else set(specs.fields(kind))


def hop_words(kind: Kind) -> set[str]:
    return {f"{sort}_{hop.name}" for hop in kind.make.hops for sort in ("hop", "name")}


@every_kind
def test_every_operation_exists(kind: Kind) -> None:
    unknown = [str(part) for part in anatomy.parts(kind) if not part.known]

    assert unknown == []


@every_kind
def test_every_parameter_that_is_sent_is_one_that_the_operation_takes(kind: Kind) -> None:
    wrong = [
        f"{part}: {name}"
        for part in anatomy.parts(kind)
        for name in strangers(dict(part.call.send), shapes.input_shape(part.service, part.call.op))
    ]
    wrong += [f"{part}: {name}" for part in anatomy.parts(kind) for name in unused_fields(part)]
    one, parts = kind.read.one, list(anatomy.reading(kind))
    wrong += [f"one: {name}" for name in one if name not in parts[0].takes] if isinstance(one, Mapping) else []

    assert wrong == []


def strangers(sent: Any, shape: Any) -> Iterator[str]:
    """The names in what is sent that the shape does not have. A document that is sent as text is not looked into."""
    kind = getattr(shape, "type_name", "")
    if isinstance(sent, Mapping) and (shape is None or kind == "structure"):
        known = shape.members if shape is not None else {}
        for name, value in sent.items():
            if name not in known:
                yield name
            else:
                yield from (f"{name}.{inner}" for inner in strangers(value, known[name]))
    elif isinstance(sent, Mapping) and kind == "map":
        for value in sent.values():
            yield from strangers(value, shape.value)
    elif isinstance(sent, list | tuple) and kind == "list":
        for value in sent:
            yield from strangers(value, shape.member)


def unused_fields(part: Part) -> list[str]:
    """The fields that a call says it takes, and has no place for: neither a parameter, nor a word, nor its condition."""
    call = part.call
    held = set(part.takes) | specs.words(dict(call.send)) | expressions.roots(call.when) | {call.each}
    return [name for name in call.fields or () if name not in held]


@every_kind
def test_every_parameter_that_an_operation_requires_is_sent(kind: Kind) -> None:
    missing = [f"{part}: {name}" for part in anatomy.parts(kind) for name in part.required if name not in filled(kind, part)]

    assert missing == []


def filled(kind: Kind, part: Part) -> set[str]:
    call, found = part.call, set(part.call.send)
    if call.batch and call.batch[0]:
        found.add(call.batch[0])
    if part.where in ("calls", "late"):
        found |= set(calls.taken(kind, call))
    if part.where == "calls" and call is kind.make.calls[0]:
        found |= set(kind.make.first) | {shapes.tag_member(part.service, call.op)}
    return found


@every_kind
def test_every_word_of_a_template_means_something(kind: Kind) -> None:
    """A word that nothing fills is left out without a sound."""
    live, spec = set(anatomy.live(kind, KINDS).fields), spec_fields(kind)
    parent = set(anatomy.live(KINDS[kind.read.within], KINDS).fields) if kind.read.within else set()
    wrong = []
    for part in anatomy.parts(kind):
        known = ALWAYS | spec
        if part.hop is not None:
            known |= MAKING | HOPPING | hop_words(kind)
        elif part.where == "grant":
            known |= {"source_account", "target_account", "document"}
        elif part.use == "read":
            known = ALWAYS | live | (parent if part.where == "list" else set())
        elif part.use == "take back":
            known |= live | {"parent", "item"}
        else:
            known |= MAKING | hop_words(kind)
        wrong += [f"{part}: {{{word}}}" for word in sorted(specs.words(dict(part.call.send)) - known)]

    assert wrong == []


@every_kind
def test_every_expression_is_jmespath(kind: Kind) -> None:
    wrong = []
    for expression in anatomy.everything(kind):
        try:
            jmespath.compile(expression)
        except JMESPathError as error:
            wrong.append(f"{expression}: {error}")

    assert wrong == []


@every_kind
def test_every_expression_over_a_live_thing_leads_somewhere(kind: Kind) -> None:
    live = anatomy.live(kind, KINDS)
    wrong = list(live.wrong)
    for expression in [] if live.open else anatomy.over_live(kind):
        wrong += expressions.follow(expression, live.fields)[1]

    assert wrong == []


@every_kind
def test_every_expression_over_a_reply_leads_somewhere(kind: Kind) -> None:
    wrong = []
    made = shapes.output_shape(specs.service_of(kind, kind.make.calls[0]), kind.make.calls[0].op)
    sent = spec_fields(kind) | set(kind.make.calls[0].send)
    wrong += expressions.follow(kind.make.id or kind.name.id or "@", {**dict.fromkeys(sent), **(expressions.members(made) or {})})[
        1
    ]
    for part in anatomy.parts(kind):
        if part.where != "grant" and part.use == "read" and part.hop is not None:
            found, more = anatomy.answer(part)
            wrong += more + looked_at(part, found)
        elif part.where == "grant" and part.use == "read":
            wrong += anatomy.answer(part)[1]

    assert wrong == []


def looked_at(part: Part, found: Any) -> list[str]:
    assert part.hop is not None
    wrong = expressions.follow(part.hop.identity, found)[1]
    return wrong + (expressions.follow(part.hop.ready.path, found)[1] if part.hop.ready else [])


@every_kind
def test_every_path_into_a_spec_begins_at_a_field_of_the_spec(kind: Kind) -> None:
    read, make, fields = kind.read, kind.make, spec_fields(kind)
    content = make.content.admits if make.content else ()
    paths = [*read.sets, *read.json, *read.absent, *read.opaque, *kind.name.refs, *kind.name.key, *make.carried]
    paths += [*make.first, *make.theirs_by, *read.rename, *(path for path in content if path != "self")]
    paths += [path for hop in make.hops for path in hop.admits]
    paths += [late.field for late in make.late if not isinstance(late, Call)]
    wrong = [path for path in paths if canon.segments(path)[0] not in fields]
    wrong += [path for path in paths if not leads(path, specs.fields(kind))]

    assert wrong == []


def leads(path: str, fields: Mapping[str, Any]) -> bool:
    """Whether the path's names stand in the shapes, as far as these go: a document in a text has none."""
    sort: Any = None
    for number, name in enumerate(canon.segments(path)):
        if number == 0:
            sort = fields.get(name)
        elif name in ("*", "[]"):
            sort = getattr(sort, "value", None) if name == "*" else expressions.element(sort)
        else:
            known = expressions.members(sort)
            if known is not None and name not in known:
                return False
            sort = known.get(name) if known is not None else getattr(sort, "value", None)
    return True


@every_kind
def test_every_kind_that_is_named_exists(kind: Kind) -> None:
    named = {*kind.name.refs.values(), *kind.name.after, *kind.name.after.values(), *kind.name.settled}
    named |= {kind.read.within} | {hop.kind for hop in kind.make.hops}

    assert sorted(named - set(KINDS) - {""}) == []


@every_kind
def test_a_reference_leads_to_a_kind_whose_name_may_stand_there(kind: Kind) -> None:
    wrong = [
        f"{path} -> {other}"
        for path, other in kind.name.refs.items()
        if other in KINDS and not {"weak", "distinct"} & {facet.strength for facet in KINDS[other].name.names.values()}
    ]

    assert wrong == []


@every_kind
def test_no_field_that_aws_tells_is_overlooked(kind: Kind) -> None:
    """Each field of a description is in the spec, looked at, dropped with a reason, or volatile."""
    told = set(anatomy.live(kind, KINDS).told)

    assert sorted(told - claimed(kind)) == []


def claimed(kind: Kind) -> set[str]:
    read = kind.read
    found = {name for name in specs.fields(kind) if name not in read.rename} | set(read.drop) | set(read.volatile)
    for expression in anatomy.over_live(kind):
        found |= expressions.roots(expression)
    for part in anatomy.reading(kind):
        found |= specs.words(dict(part.call.send)) | ({part.call.batch[2]} if part.call.batch else set())
        found |= {"Tags"} if part.where == "tags" else set()
    for child in KINDS.values():
        if child.read.within == kind.type:
            found |= set(child.read.inherit) | expressions.roots(child.read.each)
            found |= specs.words(dict(child.read.list.send)) if child.read.list else set()
    return found | anatomy.derived(kind)


@every_kind
def test_a_dropped_field_is_one_that_aws_tells_and_has_a_reason(kind: Kind) -> None:
    live = anatomy.live(kind, KINDS)
    wrong = [name for name, reason in kind.read.drop.items() if len(reason.split()) < 2]
    wrong += [name for name in kind.read.drop if not live.open and name not in live.fields]

    assert wrong == []


@every_kind
def test_reads_are_reviewed_and_nothing_that_writes_is_among_them(kind: Kind) -> None:
    wrong = []
    for part in anatomy.parts(kind):
        if part.known and (shapes.qualified(part.service, part.call.op) in READS) != (part.use == "read"):
            wrong.append(f"{part} is to {part.use}")

    assert wrong == []


@every_kind
def test_every_source_write_says_why_and_how_it_is_undone(kind: Kind) -> None:
    wrong = [hop.name for hop in kind.make.hops if hop.on == "source" and not (hop.why and hop.undo is not None and hop.resource)]
    wrong += [hop.name for hop in kind.make.hops if hop.kind and "{step}" not in str(hop.make.send)]
    wrong += [hop.name for hop in kind.make.hops if not hop.kind and hop.look and "{hop}" not in str(hop.make.send)]

    assert wrong == []


@every_kind
def test_every_code_is_one_that_the_service_gives(kind: Kind) -> None:
    """Where the model lists the codes as they are sent, which it does for the services of the query protocol."""
    model = shapes.service_model(kind.service)
    if model.metadata["protocol"] != "query":
        codes: set[str] = set(COMMON)
        named: set[str] = set()
    else:
        codes = COMMON | {shape.error_code for shape in model.error_shapes}
        named = {*kind.read.gone, *kind.make.taken, *kind.make.retry, *kind.undo.gone}
        named |= {
            code
            for part in anatomy.parts(kind)
            if part.service == kind.service
            for code in (*part.call.missing, *part.call.already)
        }

    assert sorted(named - codes) == []


@every_kind
def test_every_name_has_a_strength_and_something_to_be_found_by(kind: Kind) -> None:
    strengths = {facet.strength for facet in kind.name.names.values()}

    assert strengths <= {"strong", "distinct", "weak", "extent"}
    assert kind.name.names or kind.read.within


@every_kind
def test_the_file_is_small_and_says_what_it_promises(kind: Kind) -> None:
    path = Path(str(MODULES[kind.type].__file__))
    tree = ast.parse(path.read_text())
    functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]

    assert len((ast.get_docstring(tree) or "").split()) >= 5
    assert len(path.read_text().splitlines()) <= FILE_LINES
    assert len(functions) <= FUNCTIONS, functions


@every_kind
def test_the_type_is_a_name_of_cloudformation_and_the_service_one_of_botocore(kind: Kind) -> None:
    assert re.fullmatch(r"AWS::[A-Z][A-Za-z0-9]+::[A-Z][A-Za-z0-9]+", kind.type)
    assert shapes.service_model(kind.service).operation_names


def test_all_kinds_are_loaded_and_each_type_once() -> None:
    loaded = kinds.load()

    assert [kind.type for kind in loaded] == list(KINDS)
    assert len({str(module.__file__) for module in MODULES.values()}) == len(KINDS)
