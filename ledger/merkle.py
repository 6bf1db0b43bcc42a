"""A Merkle tree over the entries of one journal: RFC 6962, section 2.1 (RFC 9162 has the same).

Leaf n is the body of entry n + 1, the very bytes that the hash chain covers. They hold the sequence
number, so an entry cannot be shown as another one, and the place in the tree says it once more. The
chain's own hash is left out: it would tell whoever holds a receipt nothing, and a receipt could no
longer be checked from its entry alone.

A leaf and a node are hashed under different prefixes, or a node could pass for a leaf.

The tree is never kept. Reading from the first leaf on, the roots of the complete subtrees are
enough, one for each bit of the size: some 700 bytes for five million entries.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

HASH_BYTES = 32
# Leaves in the largest tree that a proof may speak of. SQLite counts rows with 63 bits.
SIZE_MAX = 2**63 - 1
EMPTY_ROOT = hashlib.sha256(b"").digest()

_LEAF = b"\x00"
_NODE = b"\x01"


class Node(NamedTuple):
    """The root of a complete subtree of 2^height leaves. watched: it holds the watched leaf."""

    height: int
    hash: bytes
    watched: bool


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


class Tree:
    """Grows leaf by leaf. watched: the index of the leaf whose audit path is wanted."""

    def __init__(self, watched: int | None = None) -> None:
        self.size = 0
        self._watched = watched
        self._complete: list[Node] = []  # the largest first
        self._path: list[bytes] = []

    def add(self, data: bytes) -> None:
        node = Node(0, leaf_hash(data), self.size == self._watched)
        while self._complete and self._complete[-1].height == node.height:
            node = _joined(self._complete.pop(), node, self._path)
        self._complete.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Of the leaves so far: section 2.1, MTH."""
        return self._folded()[0]

    def audit_path(self) -> tuple[bytes, ...]:
        """Of the watched leaf, from its sibling up: section 2.1.1, PATH."""
        assert self._watched is not None, "no leaf was named"
        assert self._watched < self.size, "the watched leaf has not come yet"
        return self._folded()[1]

    def _folded(self) -> tuple[bytes, tuple[bytes, ...]]:
        if not self._complete:
            return EMPTY_ROOT, ()
        path = list(self._path)
        *rest, node = self._complete
        for left in reversed(rest):
            node = _joined(left, node, path)
        return node.hash, tuple(path)


def _joined(left: Node, right: Node, path: list[bytes]) -> Node:
    """Their parent. If it holds the watched leaf, the path grows by the other child."""
    if left.watched:
        path.append(right.hash)
    elif right.watched:
        path.append(left.hash)
    watched = left.watched or right.watched
    return Node(left.height + 1, node_hash(left.hash, right.hash), watched)


def proven_root(data: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root of the tree of this size that has this leaf at this index, by this path. None where
    no tree has such a path: it is too long or too short. RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    node, last, found = index, size - 1, leaf_hash(data)
    for sibling in path:
        if not last:
            return None
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return None if last else found
