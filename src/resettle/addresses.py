"""The address book: what each source text means, and what it is called in the target.

It promises one simultaneous pass that either names the target everywhere or says what it cannot decide. It never calls
AWS, never changes its input, and never puts a value into an error.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from resettle import tokens
from resettle.errors import Undecided, Unresolved
from resettle.model import Ref, Side, Strength
from resettle.places import (
    Path,
    Places,
    dotted,
    is_number,
    is_sealed,
    may_hide,
    parsed,
    places_of,
    stands_at,
    without_new_duplicates,
)

NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})

BUCKET: Final = "AWS::S3::Bucket"
DEPTH: Final = 4
STRENGTHS: Final[tuple[Strength, ...]] = ("strong", "distinct", "weak", "extent")


@dataclass(frozen=True, slots=True)
class Claim:
    """A source text, and the wanted resource and facet that it means; fixed by the plan."""

    text: str
    owner: Ref
    facet: str
    strength: Strength

    def encode(self) -> list[Any]:
        return [self.text, self.owner.encode(), self.facet, self.strength]

    @classmethod
    def decode(cls, parts: list[Any]) -> Claim:
        text, owner, facet, strength = parts
        return cls(text, Ref.decode(owner), facet, strength)


@dataclass(frozen=True, slots=True)
class Mention:
    """A claimed text found in a value; `decision` says why a person must decide, `within` is the token around it."""

    path: Path
    text: str
    owner: Ref
    facet: str
    strength: Strength
    decision: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a text, by offsets; without a `new` it is residue, with the reason."""

    start: int
    end: int
    old: str
    new: str | None
    owner: Ref
    facet: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    """A claimed text at its place, ruled upon; a run of base64 is one hit with the hits `inner` to it."""

    start: int
    end: int
    old: str
    new: str | None
    claim: Claim
    decision: str = ""
    text: str
    inner: tuple[_Hit, ...] = ()

    def leaves(self) -> Iterator[_Hit]:
        """The hits proper, out of any base64."""
        if not self.inner:
            yield self
        for hit in self.inner:
            yield from hit.leaves()

    def mention(self, path: Path) -> Mention:
        claim, within = self.claim, tokens.surrounding(self.text, self.start, self.end)
        return Mention(path, claim.text, claim.owner, claim.facet, claim.strength, self.decision, within)

    def reason(self) -> str:
        if self.new is not None:
            return ""
        return self.decision or f"{self.claim.facet} of {self.claim.owner} is not known yet"


class AddressBook:
    """Claims, fixed by the plan, and the target texts learned so far."""

    def __init__(
        self,
        claims: Iterable[Claim],
        *,
        source_account: str,
        target_account: str,
        learned: Mapping[tuple[Ref, str], str] | None = None,
    ) -> None:
        self._account = source_account
        self._account_claim = Claim(source_account, Ref(Side.SOURCE, "", "account", source_account), "id", "strong")
        # In a URL-encoded text a digit before the number may be the end of a code, as in %20111122223333.
        self._account_pattern = re.compile(rf"(?:(?<![0-9])|(?<=%2[0-9])|(?<=%[46]0)){re.escape(source_account)}(?![0-9])")
        self._lock = Lock()
        self._lexicon = tokens.Lexicon()
        self._claims: dict[str, tuple[Claim, ...]] = {}
        self._weak: dict[tuple[str, str], tuple[Claim, ...]] = {}
        self._owners: dict[str, set[Ref]] = {}
        self._facets: dict[tuple[Ref, str], Claim] = {}
        self._shapes: dict[str, tokens.Shape] = {}
        self._learned: dict[tuple[Ref, str], str] = {}
        self._successors: Counter[str] = Counter()
        for claim in sorted(dict.fromkeys(claims), key=lambda claim: STRENGTHS.index(claim.strength)):
            self._claim(claim)
        # The console writes 1111-2222-3333.
        self._claim(replace(self._account_claim, text=_dashed(source_account), facet="dashed id"))
        self.learn(self._account_claim.owner, "id", target_account)
        self.learn(self._account_claim.owner, "dashed id", _dashed(target_account))
        for (owner, facet), text in (learned or {}).items():
            self.learn(owner, facet, text)

    def _claim(self, claim: Claim) -> None:
        if not claim.text or claim.text == self._account:
            return
        self._facets.setdefault((claim.owner, claim.facet), claim)
        self._owners.setdefault(claim.text, set()).add(claim.owner)
        if claim.strength != "extent":
            weak = (claim.owner.kind, claim.text)
            self._weak[weak] = (*self._weak.get(weak, ()), claim)
        if claim.strength == "weak":
            return
        self._claims[claim.text] = (*self._claims.get(claim.text, ()), claim)
        self._lexicon.add(claim.text)
        self._shapes.setdefault(claim.text, _shape_of(claim))

    def learn(self, owner: Ref, facet: str, text: str) -> None:
        """Know what a facet is called in the target; another text for the same facet replaces the first."""
        with self._lock:
            before = self._learned.get((owner, facet))
            if text == before:
                return
            if text:
                self._successors[text] += 1
                self._lexicon.add(text)
            self._learned[owner, facet] = text
            if before:
                self._successors[before] -= 1

    def successor(self, owner: Ref, facet: str) -> str | None:
        """What a facet is called in the target, or None as long as that is not known."""
        return self._learned.get((owner, facet))

    def mentions(self, value: Any, weak: Mapping[str, str] = NOWHERE) -> list[Mention]:
        """Every claimed text in `value` with its path, in order; the graph's edges."""
        return list(self._found(value, (), places_of(weak)))

    def leaks(self, value: Any) -> list[Mention]:
        """Source texts left in a target value: claimed, and not the name of anything in the target."""
        found = self._found(value, (), {}, seals=False)
        return [mention for mention in found if not self._successors[mention.text]]

    def rewrite(self, value: Any, weak: Mapping[str, str] = NOWHERE) -> Any:
        """`value` with every mention replaced by its successor.

        Raises Unresolved where a successor is not known yet, and Undecided where only a person can tell what was meant.
        """
        return self._rewritten(value, (), places_of(weak))

    def edits(self, text: str) -> list[Edit]:
        """The changes that `text` needs, in order and never overlapping; residue where there is no answer."""
        return [
            Edit(hit.start, hit.end, hit.old, hit.new, hit.claim.owner, hit.claim.facet, hit.reason())
            for hit in self._hits(text)
            if hit.new != hit.old
        ]

    @property
    def source_account(self) -> str:
        """The account number that this book rewrites."""
        return self._account

    @property
    def target_account(self) -> str | None:
        """What the source's account number becomes."""
        return self.successor(self._account_claim.owner, "id")

    def known(self, text: str) -> list[tuple[int, int]]:
        """Where a text names something that the book knows, as claimed or as a successor; a bare account number does not."""
        spans = self._lexicon.spans(text, self._fits)
        return [(span.start, span.end) for span in spans if span.known != self.target_account]

    def rewrite_text(self, text: str) -> str:
        """`text` with its edits applied; residue stays as it is."""
        return _applied(text, self._hits(text))

    def _fits(self, texts: tuple[str, ...], text: str, start: int, end: int, before: str) -> str | None:
        """Which of `texts`, alike but for case, stands there as a whole; claims come first, for they were added first."""
        seen = tokens.plain(text[start:end])
        for known in texts:
            shape = self._shapes.get(known)
            if shape is None:
                if not self._successors[known]:
                    continue
                shape = "done"
            hosted = shape == "bucket" and known == seen.lower() and tokens.is_hosted_bucket(text, end)
            alike = hosted or tokens.same(known, seen, tokens.shape_of(known) if shape == "done" else shape)
            if alike and tokens.bordered(shape, text, start, end, before):
                return known
        return None

    def _hits(self, text: str, depth: int = 0) -> list[_Hit]:
        """All that is claimed in `text`, ruled upon, in order; what already is a successor is passed over whole."""
        spans = list(self._lexicon.spans(text, self._fits))
        hits = [self._ruled(text, span) for span in spans if span.known in self._claims]
        taken = [(span.start, span.end) for span in spans]
        numbers = _apart([found.span() for found in self._account_pattern.finditer(text)], taken)
        hits += [self._ruled(text, tokens.Span(start, end, self._account)) for start, end in numbers]
        if depth < DEPTH and len(text) >= 16:
            hits += self._packed(text, sorted(taken + numbers), depth)
        return sorted(hits, key=lambda hit: hit.start)

    def _packed(self, text: str, taken: list[tuple[int, int]], depth: int) -> Iterator[_Hit]:
        """The runs of base64 that hold something claimed."""
        runs = {(run.start, run.end): run for run in tokens.packed_texts(text)}
        for place in _apart(list(runs), taken):
            run = runs[place]
            inner = tuple(self._hits(run.text, depth + 1))
            if not inner:
                continue
            first = next((hit for hit in inner if hit.new is None), inner[0])
            old = text[run.start : run.end]
            changed = any(hit.new != hit.old for hit in inner)
            new = None if first.new is None else run.packed(_applied(run.text, inner)) if changed else old
            yield replace(first, start=run.start, end=run.end, old=old, new=new, inner=inner)

    def _ruled(self, text: str, span: tokens.Span) -> _Hit:
        """What stands at `span`: whose it is, what it becomes, and whether a person must decide."""
        claims = self._claims.get(span.known, (self._account_claim,))
        loose = any(claim.strength == "distinct" for claim in claims)
        if loose and tokens.is_bucket_address(text, span.start, span.end):
            claims = tuple(claim for claim in claims if claim.owner.kind == BUCKET) or claims
        claim, new = self._chosen(claims)
        doubt = self._dispute(claims) or ("" if new == span.known else self._doubt(claims, claim, text, span))
        return _hit(text, span, claim, new, doubt)

    def _named(self, text: str, path: Path, places: Places) -> _Hit | None:
        """The hit of a whole string at a place whose kind is known, where a plain name is enough."""
        kinds = [kind for pattern, kind in places.items() if stands_at(pattern, path)]
        claims = next((self._weak[kind, text] for kind in kinds if (kind, text) in self._weak), None)
        if claims is None:
            return None
        claim, new = self._chosen(claims)
        return _hit(text, tokens.Span(0, len(text), text), claim, new, self._dispute(claims))

    def _chosen(self, claims: tuple[Claim, ...]) -> tuple[Claim, str | None]:
        """The claim to follow, one whose successor is known if there is one, and that successor."""
        for claim in claims:
            successor = self.successor(claim.owner, claim.facet)
            if successor:
                return claim, successor
        return claims[0], None

    def _dispute(self, claims: tuple[Claim, ...]) -> str:
        """Why claims of several owners cannot be followed: they do not all become the same text."""
        things: dict[tuple[str, ...], tuple[Claim, ...]] = {}
        for claim in claims:
            things[_thing(claim.owner)] = (*things.get(_thing(claim.owner), ()), claim)
        if len(things) < 2:
            return ""
        outcomes = {self._chosen(each)[1] for each in things.values()}
        if len(outcomes) == 1 and None not in outcomes:
            return ""
        return "it may mean " + " or ".join(sorted({str(claim.owner) for claim in claims}))

    def _doubt(self, claims: tuple[Claim, ...], claim: Claim, text: str, span: tokens.Span) -> str:
        """Why a hit that would change the text is a person's to decide."""
        if any(each.strength == "extent" for each in claims):
            return f"a range is a decision: {claim.facet} of {claim.owner} is not the same in the target"
        if self._shapes.get(span.known) == "address" and tokens.in_address_range(text, span.start, span.end):
            return f"a range is a decision: one end of it is {claim.facet} of {claim.owner}"
        if claim.strength != "distinct" or _certain(claim, text, span):
            return ""
        rivals = sorted(str(owner) for owner in self._owners[claim.text] if _thing(owner) != _thing(claim.owner))
        if rivals:
            return f"the name stands alone and may mean {claim.owner} or {' or '.join(rivals)}"
        if tokens.is_common(claim.text):
            return f"the name stands alone and is too common a word to mean {claim.owner} for certain"
        return ""

    def _in_string(self, text: str, places: Places, path: Path) -> list[_Hit]:
        named = self._named(text, path, places)
        return [named] if named else self._hits(text)

    def _found(self, value: Any, path: Path, places: Places, *, seals: bool = True) -> Iterator[Mention]:
        if isinstance(value, str):
            yield from self._found_in_string(value, path, places)
        elif is_sealed(value):
            yield from self._found_in_seal(value, path) if seals else ()
        elif isinstance(value, Mapping):
            for key, item in value.items():
                if isinstance(key, str):
                    yield from self._found_in_string(key, (*path, key), {})
                yield from self._found(item, (*path, key), places, seals=seals)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from self._found(item, (*path, index), places, seals=seals)
        elif is_number(value) and str(value) == self._account:
            yield self._ruled(self._account, tokens.Span(0, len(self._account), self._account)).mention(path)

    def _found_in_string(self, text: str, path: Path, places: Places) -> Iterator[Mention]:
        found = [leaf.mention(path) for hit in self._in_string(text, places, path) for leaf in hit.leaves()]
        yield from found
        seen = {(mention.owner, mention.facet) for mention in found}
        if may_hide(text, path, places):
            hidden = self._found(parsed(text), path, places)
            yield from (mention for mention in hidden if (mention.owner, mention.facet) not in seen)

    def _found_in_seal(self, value: Mapping[str, Any], path: Path) -> Iterator[Mention]:
        for owner, facet in value.get("mentions", ()):
            ref = Ref.decode(owner)
            account = self._account_claim if ref == self._account_claim.owner else Claim("", ref, facet, "strong")
            claim = self._facets.get((ref, facet), account)
            yield Mention(path, claim.text, ref, facet, claim.strength)

    def _rewritten(self, value: Any, path: Path, places: Places, *, merge: bool = True) -> Any:
        if isinstance(value, str):
            return self._rewritten_string(value, path, places)
        if is_sealed(value):
            raise ValueError("sealed values are opened before they are rewritten")
        if isinstance(value, Mapping):
            return self._rewritten_mapping(value, path, places, merge=merge)
        if isinstance(value, list | tuple):
            items = [self._rewritten(item, (*path, at), places, merge=merge) for at, item in enumerate(value)]
            kept = without_new_duplicates(value, items) if merge else items
            return tuple(kept) if isinstance(value, tuple) else kept
        if is_number(value) and str(value) == self._account:
            number = self._learned[self._account_claim.owner, "id"]
            return int(number) if str(int(number)) == number else number
        return value

    def _rewritten_mapping(self, value: Mapping[Any, Any], path: Path, places: Places, *, merge: bool) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key, item in value.items():
            new_key = self._rewritten_string(key, (*path, key), {}) if isinstance(key, str) else key
            new_item = self._rewritten(item, (*path, key), places, merge=merge)
            if new_key in result and result[new_key] != new_item:
                raise Undecided("rewriting", dotted(path), "two keys become one, and their values differ")
            result[new_key] = new_item
        return result

    def _rewritten_string(self, text: str, path: Path, places: Places) -> str:
        hits = self._in_string(text, places, path)
        for hit in hits:
            if hit.new is None:
                error = Undecided if hit.decision else Unresolved
                raise error("rewriting", str(hit.claim.owner), f"{hit.reason()}: {dotted(path)}")
        result = _applied(text, hits)
        if not may_hide(text, path, places):
            return result
        wanted = self._rewritten(parsed(text), path, places, merge=False)
        # What stood in plain sight is replaced already and keeps its formatting; only what was hidden costs it.
        return result if parsed(result) == wanted else json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))


def _hit(text: str, span: tokens.Span, claim: Claim, new: str | None, doubt: str) -> _Hit:
    old = text[span.start : span.end]
    if doubt:
        new = None
    elif new is not None:
        new = old if new == span.known else tokens.dressed(new, old)
    return _Hit(start=span.start, end=span.end, old=old, new=new, claim=claim, decision=doubt, text=text)


def _thing(owner: Ref) -> tuple[str, ...]:
    """What an owner is a part of: a bucket and its policy, a queue and its policy bear one name and mean one thing."""
    return owner.side, owner.region, "::".join(owner.kind.split("::")[:2]), owner.id


def _certain(claim: Claim, text: str, span: tokens.Span) -> bool:
    if claim.owner.kind == BUCKET:
        return tokens.is_bucket_address(text, span.start, span.end)
    return tokens.is_addressed(text, span.start)


def _shape_of(claim: Claim) -> tokens.Shape:
    if claim.strength == "extent":
        return "range"
    if claim.strength == "distinct":
        return "bucket" if claim.owner.kind == BUCKET else "name"
    return tokens.shape_of(claim.text)


def _applied(text: str, hits: Iterable[_Hit]) -> str:
    parts, done = [], 0
    for hit in hits:
        parts += [text[done : hit.start], hit.old if hit.new is None else hit.new]
        done = hit.end
    return "".join([*parts, text[done:]])


def _apart(places: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of `places` that touch none of `taken`; both are in order."""
    apart, at = [], 0
    for start, end in places:
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at == len(taken) or taken[at][0] >= end:
            apart.append((start, end))
    return apart


def _dashed(account: str) -> str:
    return f"{account[:4]}-{account[4:8]}-{account[8:]}"
