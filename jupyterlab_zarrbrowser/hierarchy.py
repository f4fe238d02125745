"""The nodes that one consolidated document describes, as a tree. Answers without a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from .formats import BrokenFacts, Facts, Found, GroupFacts

#: Members that are looked at for one that zarr-python refuses: some tenths of a second.
_MAX_INSPECTED = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A node together with where its store begins."""

    found: Found
    store_key: str | None
    """Key of the store's root; None where it is not known."""
    path: str
    """Below the root, without slashes at its ends; empty for the root."""
    tree: Hierarchy | None = None
    """The consolidated tree that holds the node, its root included."""


class Hierarchy:
    """Consolidated members by path, groups included that only the paths of others imply."""

    def __init__(self, store_key: str, root: Found, members: Mapping[str, Facts]) -> None:
        self.store_key = store_key
        self._root = root
        self._members = members
        self._children: dict[str, list[str]] | None = None
        self._obstacle: tuple[str | None] | None = None

    def place(self, path: str) -> Place | None:
        """What lies at ``path``; None where the metadata names nothing there."""
        if path == "":
            return Place(self._root, self.store_key, "", self)
        if path in self._members:
            facts = self._members[path]
        elif path in self._index():
            facts = GroupFacts(self._root_format(), {}, is_implied=True)
        else:
            return None
        return Place(Found(facts, {}, consolidated=True), self.store_key, path, self)

    def names(self, path: str) -> list[str]:
        """Names of the direct members of a group, sorted."""
        return self._index().get(path, [])

    def members(self, path: str) -> dict[str, Facts]:
        """Facts of the direct members of a group, by name."""
        return {name: self.child(path, name).found.facts for name in self.names(path)}

    def below(self, path: str) -> Iterator[tuple[str, Facts]]:
        """All members at any depth below a group, each with its path below that."""
        start = f"{path}/" if path else ""
        for member, facts in self._members.items():
            if member.startswith(start):
                yield member[len(start) :], facts

    def child(self, path: str, name: str) -> Place:
        place = self.place(f"{path}/{name}" if path else name)
        if place is None:
            raise KeyError(name)
        return place

    def obstacle(self) -> str | None:
        """Why zarr-python refuses the consolidated metadata, which it does as a whole; None where it takes them."""
        if self._obstacle is None:
            self._obstacle = (next(self._obstacles(), None),)
        return self._obstacle[0]

    def _obstacles(self) -> Iterator[str]:
        yield from (
            f"{path!r} is a group without metadata" for path in self._index() if path and path not in self._members
        )
        for path in islice(self._members, _MAX_INSPECTED):
            facts = self._members[path]
            if isinstance(facts, BrokenFacts):
                yield f"{path!r} cannot be understood"
            elif facts.obstacle is not None:
                yield f"in {path!r}, {facts.obstacle}"

    def _root_format(self) -> int:
        return self._root.facts.zarr_format

    def _index(self) -> dict[str, list[str]]:
        if self._children is None:
            children: dict[str, set[str]] = {"": set()}
            for member in self._members:
                path = member
                while path:
                    parent, _, name = path.rpartition("/")
                    siblings = children.setdefault(parent, set())
                    if name in siblings:
                        break
                    siblings.add(name)
                    path = parent
            self._children = {path: sorted(names) for path, names in children.items()}
        return self._children


def place_of(key: str, found: Found) -> Place:
    """The place of a node that was read at ``key``, before anything is known about what lies above it."""
    if found.members is None:
        return Place(found, None, "")
    tree = Hierarchy(key, found, found.members)
    return Place(found, key, "", tree)
