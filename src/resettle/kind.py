"""What a kind is: all that is known about one AWS resource type, as frozen data; the engine owns loops, pages, retries, threads.

Words used in templates: a string in `send` may hold `{field}` (a field of the spec, of the live thing, or of the context:
`{tag_list}` are the tags as pairs) or `{self}` (the thing's own id on the side that is called); a string that is nothing but
`{field}` takes the value as it is.
JMESPath is used wherever a place inside a reply is meant; a *path* is a place inside a spec: `A.B[].C`, `*` for every key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from resettle.model import Spec, Strength

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Call:
    """One botocore operation, in snake case, and how it is filled and read.

    Reading: `each` finds the items of a page (a detail with `each` is asked page by page into a list), `at` cuts the answer
    out of the reply, `into` names the live field that it becomes (else it is merged), `missing` are the codes that mean "not
    configured". Making: the call takes the spec fields that its input shape has and no earlier call took (or exactly
    `fields`); `split` sends one call a field; `each` names a list field and sends one call an item (`{item}`); `already` are
    the codes that mean "done before".
    """

    op: str
    send: Mapping[str, Any] = field(default_factory=dict)
    each: str = ""
    at: str = ""
    into: str = ""
    missing: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    split: bool = False
    chunk: int = 0  # making: at most so many items of its list fields in one call
    when: str = ""  # JMESPath over the spec (making) or the live thing (reading): falsy means no call
    service: str = ""  # where it is not the kind's own
    parse: str = ""  # reading: the reply's field that holds JSON text, parsed before `each` or `at`
    # Reading a detail: (parameter for the ids, most at once, live field with the id); "" and 0 for a list of all that takes none.
    batch: tuple[str, int, str] | None = None


@dataclass(frozen=True, slots=True)
class SetDiff:
    """A list field without order, kept equal by adding what lacks and removing what is too many; each call gets `{items}`."""

    field: str
    add: Call
    remove: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """When a thing is ready: the value at `path` of the live thing becomes one of `good`; one of `bad` is a failure."""

    path: str
    good: tuple[str, ...]
    bad: tuple[str, ...] = ()
    within: float = 600.0  # seconds
    every: float = 10.0  # seconds between looks


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet of a thing's name: where it stands in the live thing and how far it may be recognised."""

    at: str
    strength: Strength


def strong(at: str) -> Facet:
    return Facet(at, "strong")


def distinct(at: str) -> Facet:
    return Facet(at, "distinct")


def weak(at: str) -> Facet:
    return Facet(at, "weak")


def extent(at: str) -> Facet:
    return Facet(at, "extent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How the kind is seen. `list` finds all; with `within` it is asked once a parent, or, without a call, `each` is looked up
    in the parent's live thing. To see just `{self}`: `item`, what the list would say of it, where the id tells all of that;
    else `one`, the parameters to add to `list`, or a call of its own; else the list is searched."""

    list: Call | None = None
    each: str = ""
    within: str = ""
    inherit: tuple[str, ...] = ()  # fields of the parent's live thing that the child takes over
    item: Mapping[str, str] | None = None
    one: Mapping[str, Any] | Call | None = None
    where: str = ""  # JMESPath over the live thing: falsy means that it is AWS's own, or no longer there
    detail: tuple[Call, ...] = ()
    tags: str | Call = ""  # JMESPath over the live thing, or a call
    derive: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # live fields computed from live fields
    rename: Mapping[str, str] = field(default_factory=dict)  # spec field <- JMESPath over the live thing
    drop: Mapping[str, str] = field(default_factory=dict)  # live field: reason
    sets: tuple[str, ...] = ()
    json: tuple[str, ...] = ()
    absent: Mapping[str, Any] = field(default_factory=dict)
    volatile: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    blind: Mapping[str, str] = field(default_factory=dict)  # JMESPath over the live thing: what it means if truthy: each a Gap
    gone: tuple[str, ...] = ()  # codes that mean: there is no such thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """How the kind is named. `id`: JMESPath over the live thing ("" for the single child of a parent, whose id it shares).

    `key`: the spec fields that tell it from its siblings, for kinds whose ids AWS gives ("" = our tag). `refs`: path -> kind,
    where a weak name stands. `after`: other kind -> via: wait for every thing of that kind which names the same `via` as we.
    `settled`: kinds of which we need the late fields set as well, where we name one.
    """

    id: str
    names: Mapping[str, Facet] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What a predicate of a hop or a content may look at: the spec, and the kinds of what the text at a field names."""

    spec: Spec
    kinds_at: Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Hop:
    """Something at rest on the way from source to target, with a deterministic name `{hop}`; another hop's is `{name_x}`, and
    what it is known as `{hop_x}`. `admits`: spec fields that name source things which must admit the target first.

    `identity`: JMESPath over the reply of `look` (or of `make`) giving what the next hop is told as `{previous}`. A source hop
    is a source write and must have `undo` (and `remains`, where the undo leaves something). `shared`: one for the whole plan.
    """

    name: str
    on: Literal["source", "target"]
    make: Call
    identity: str
    look: Call | None = None
    ready: Until | None = None
    undo: Call | None = None
    remains: str = ""
    when: Callable[[View], bool] | None = None
    shared: bool = False
    resource: str = "{hop}"  # the resource that the guard is told
    kind: str = ""  # the kind of thing that it makes, where AWS gives the id: found again by our tag
    service: str = ""
    admits: tuple[str, ...] = ()
    retry: tuple[str, ...] = ()  # codes that mean "not yet" while the hop before settles
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How the target account is admitted to read this source thing: a policy document with `statements` added.

    The document is read, kept in the journal, extended, written; the undo writes the old text back (or deletes the
    document, where there was none) if nobody changed it since.
    """

    read: Call  # `at` cuts out the document (text or object); `missing` codes: there is none
    write: Call  # `{document}`
    delete: Call | None
    statements: tuple[Mapping[str, Any], ...]
    resource: str  # the resource that the guard is told


@dataclass(frozen=True, slots=True)
class Content:
    """What a carrier moves for this kind, at park. `vessel`: straight into the made thing, else to the parking bucket.

    `admits`: spec paths (or "self") of source things that must admit the target first. `sync`: how it catches up at the switch.
    """

    carrier: str
    vessel: bool = False
    admits: tuple[str, ...] = ()
    sync: Literal["delta", "replace", "drain", "none"] = "none"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """How the kind is made. The first of `calls` creates; the others, and `late`, are absolute or have `already` codes.

    `id`: JMESPath over what was sent and answered (default: the kind's own id). `late` calls take fields that wait until both
    ends exist. `first`: field -> neutral value, sent by the creating call when the real value names other things; the real
    one is then late. `carried`: fields that the content brings: not sent, still verified. `theirs`: JMESPath over the live
    thing: AWS makes this one itself, we map and configure it (`summon` makes AWS do so). `settles`: seconds until a thing
    just made is surely seen. `retry`: codes that mean "not yet" while other things settle.
    """

    calls: tuple[Call, ...]
    late: tuple[Call | SetDiff, ...] = ()
    id: str = ""
    first: Mapping[str, Any] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()
    content: Content | None = None
    ready: Until | None = None
    taken: tuple[str, ...] = ()  # codes that mean: the name is taken. Without them we look before we make
    theirs: str = ""
    theirs_by: tuple[str, ...] = ()  # the spec fields that tell AWS's own things of this kind apart
    summon: Call | None = None
    settles: float = 0.0
    retry: tuple[str, ...] = ()
    tag_type: str = ""  # ResourceType of TagSpecifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """How the kind goes away. `before` are calls that clear the way; `gone` codes mean that it went before; `remains` says
    what a delete leaves behind for a while."""

    delete: Call | None
    before: tuple[Call, ...] = ()
    empties: bool = False  # the carrier empties it first
    gone: tuple[str, ...] = ()
    remains: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Human:
    """What a person must know or do."""

    caveats: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()  # surfaces that we cannot look into: each becomes a Gap that must be accepted
    unproved: str = ""  # why the content cannot be counted or digested


@dataclass(frozen=True, slots=True)
class Kind:
    """One AWS resource type. `type` is the CloudFormation name; `service` is botocore's."""

    type: str
    service: str
    read: Read
    name: Named
    make: Make
    undo: Undo
    human: Human = Human()
    grant: Grant | None = None
    scope: Literal["region", "global"] = "region"

    @property
    def short(self) -> str:
        return self.type.removeprefix("AWS::")
