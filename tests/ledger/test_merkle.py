"""The tree is RFC 6962's, byte for byte, and a path proves its own leaf and no other."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.merkle import EMPTY_ROOT, Tree, leaf_hash, node_hash, proven_root

# From the reference implementation of Certificate Transparency (merkletree/merkle_tree_test.cc):
# its eight leaves, and the roots over the first n of them.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
PATHS = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
SIZES = range(1, 71)


def leaf(number: int) -> bytes:
    return f"leaf {number}".encode()


def tree_of(leaves: list[bytes], watched: int | None = None) -> Tree:
    tree = Tree(watched)
    for data in leaves:
        tree.add(data)
    return tree


def root_by_definition(leaves: list[bytes]) -> bytes:
    """MTH, as section 2.1 defines it."""
    if len(leaves) < 2:
        return leaf_hash(leaves[0]) if leaves else EMPTY_ROOT
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_by_definition(leaves[:k]), root_by_definition(leaves[k:]))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_reference_implementation(size: int) -> None:
    assert tree_of(LEAVES[:size]).root() == ROOTS[size]


@pytest.mark.parametrize("place", PATHS)
def test_the_paths_are_those_of_the_reference_implementation(
    place: tuple[int, int],
) -> None:
    index, size = place

    path = tree_of(LEAVES[:size], index).audit_path()

    assert [sibling.hex() for sibling in path] == PATHS[place]


def test_the_root_at_each_size_is_the_definitions() -> None:
    tree = Tree()
    for size in SIZES:
        tree.add(leaf(size - 1))

        assert tree.root() == root_by_definition([leaf(n) for n in range(size)])


@pytest.mark.slow
def test_every_leaf_of_every_size_proves_itself() -> None:
    for size in SIZES:
        leaves = [leaf(n) for n in range(size)]
        root = tree_of(leaves).root()
        for index in range(size):
            path = tree_of(leaves, index).audit_path()

            assert proven_root(leaves[index], index, size, path) == root
            assert len(path) <= math.ceil(math.log2(size))


def test_a_tree_keeps_no_more_than_a_hash_for_each_bit_of_its_size() -> None:
    tree = Tree(watched=77)
    for number in range(5_000):
        tree.add(leaf(number))

        assert len(tree._complete) == tree.size.bit_count()


@st.composite
def proofs(draw: st.DrawFn) -> tuple[int, int, list[bytes], bytes]:
    """Index, size, path and root."""
    size = draw(st.sampled_from(SIZES))
    index = draw(st.integers(0, size - 1))
    tree = tree_of([leaf(n) for n in range(size)], index)
    return index, size, list(tree.audit_path()), tree.root()


@pytest.mark.slow
@settings(deadline=None)
@given(proofs(), st.data())
def test_no_altered_proof_proves(
    proof: tuple[int, int, list[bytes], bytes], data: st.DataObject
) -> None:
    index, size, path, root = proof
    ways = ["leaf", "index", "longer"] + ["bit", "shorter", "order"] * bool(path)
    way = data.draw(st.sampled_from(ways))
    body = leaf(index)
    match way:
        case "leaf":
            body = leaf(size)
        case "index":
            index = data.draw(st.integers(-1, size + 1).filter(lambda n: n != index))
        case "longer":
            path.insert(data.draw(st.integers(0, len(path))), bytes(32))
        case "shorter":
            del path[data.draw(st.integers(0, len(path) - 1))]
        case "bit":
            place = data.draw(st.integers(0, len(path) * 256 - 1))
            spoilt = bytearray(path[place // 256])
            spoilt[place % 256 // 8] ^= 1 << place % 8
            path[place // 256] = bytes(spoilt)
        case _:
            path = path[1:] + path[:1] if len(path) > 1 else [leaf_hash(b"another")]

    assert proven_root(body, index, size, path) != root


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = leaf_hash(leaf(0)), leaf_hash(leaf(1))

    assert leaf_hash(left + right) != node_hash(left, right)
    assert proven_root(left + right, 0, 1, []) != tree_of([leaf(0), leaf(1)]).root()


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 3)])
def test_an_index_outside_of_the_tree_proves_nothing(index: int, size: int) -> None:
    assert proven_root(b"", index, size, []) is None


@pytest.mark.parametrize("size", [1, 2, 7, 8, 70])
def test_a_path_of_another_length_belongs_to_no_tree_of_that_size(size: int) -> None:
    leaves = [leaf(n) for n in range(size)]
    for index in {0, size // 2, size - 1}:
        path = tree_of(leaves, index).audit_path()

        assert proven_root(leaves[index], index, size, (*path, bytes(32))) is None
        if path:
            assert proven_root(leaves[index], index, size, path[:-1]) is None
