"""The tree is that of RFC 6962, and a proof shows what it says or nothing."""

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.errors import FormatError
from chmsync.merkle import (
    EMPTY_ROOT,
    CompactRange,
    leaf_hash,
    node_hash,
    root_of,
    subtrees,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(2000)]
SIZES = 70


def cases(folder):
    """Published proofs below a folder, as (arguments, whether they are false)."""
    for path in sorted(folder.rglob("*.json")):
        case = json.loads(path.read_text())
        yield {
            name: base64.b64decode(value) if isinstance(value, str) and name != "desc" else value
            for name, value in case.items()
        } | {"proof": [base64.b64decode(value) for value in case["proof"] or ()], "path": path}


def refused(check, *arguments):
    try:
        check(*arguments)
    except FormatError:
        return True
    return False


def test_published_inclusion_proofs_are_judged_as_published(vectors):
    judged = {
        case["path"]: (
            refused(
                verify_inclusion,
                case["leafHash"] or b"",
                case["leafIdx"],
                case["treeSize"],
                case["proof"],
                case["root"] or b"",
            ),
            case["wantErr"],
        )
        for case in cases(vectors / "rfc6962-merkle/inclusion")
    }
    assert [path for path, (found, wanted) in judged.items() if found != wanted] == []
    assert len(judged) == 98


def test_published_consistency_proofs_are_judged_as_published(vectors):
    judged = {
        case["path"]: (
            refused(
                verify_consistency,
                case["size1"],
                case["size2"],
                case["proof"],
                case["root1"] or b"",
                case["root2"] or b"",
            ),
            case["wantErr"],
        )
        for case in cases(vectors / "rfc6962-merkle/consistency")
    }
    assert [path for path, (found, wanted) in judged.items() if found != wanted] == []
    assert len(judged) == 98


def test_every_small_tree_has_the_naive_root(naive):
    assert root_of([]) == EMPTY_ROOT == naive.root([])
    for size in range(SIZES):
        assert root_of(LEAVES[:size]) == naive.root(LEAVES[:size])


@given(st.lists(st.integers(0, 300), max_size=8))
def test_a_tree_grown_in_steps_is_the_tree_grown_at_once(naive, steps):
    grown, size = CompactRange(), 0
    for step in steps:
        grown, size = grown.extend(LEAVES[size : size + step]), size + step
        assert grown == CompactRange().extend(LEAVES[:size])
    assert grown.size == size
    assert grown.root() == naive.root(LEAVES[:size])


@given(st.integers(0, 2000))
def test_a_compact_range_is_kept_as_bytes_beside_its_size(size):
    grown = CompactRange().extend(LEAVES[:size])
    assert CompactRange.decode(size, grown.encode()) == grown


@pytest.mark.parametrize(("size", "length"), [(0, 32), (1, 0), (3, 32), (3, 65), (4, 64), (-1, 32)])
def test_a_compact_range_of_another_size_is_refused(size, length):
    with pytest.raises(FormatError):
        CompactRange.decode(size, bytes(length))


def test_the_hashes_of_a_compact_range_are_those_of_its_complete_subtrees(naive):
    for size in range(SIZES):
        expected = [naive.root(LEAVES[index << level : (index + 1) << level]) for level, index in subtrees(0, size)]
        assert list(CompactRange().extend(LEAVES[:size]).hashes) == expected


def test_every_naive_inclusion_proof_of_every_small_tree_is_accepted(naive):
    for size in range(1, SIZES):
        leaves, root = LEAVES[:size], naive.root(LEAVES[:size])
        for index in range(size):
            verify_inclusion(leaves[index], index, size, naive.path(index, leaves), root)


def test_every_naive_consistency_proof_of_every_small_tree_is_accepted(naive):
    roots = [naive.root(LEAVES[:size]) for size in range(SIZES)]
    for size2 in range(1, SIZES):
        for size1 in range(1, size2 + 1):
            proof = naive.proof(size1, LEAVES[:size2])
            verify_consistency(size1, size2, proof, roots[size1], roots[size2])


def test_naive_proofs_of_random_large_trees_are_accepted(naive):
    chance = random.Random(6962)
    for _ in range(25):
        size2 = chance.randrange(SIZES, len(LEAVES))
        size1, index = chance.randrange(1, size2), chance.randrange(size2)
        leaves, root = LEAVES[:size2], naive.root(LEAVES[:size2])
        verify_inclusion(leaves[index], index, size2, naive.path(index, leaves), root)
        verify_consistency(size1, size2, naive.proof(size1, leaves), naive.root(leaves[:size1]), root)


def test_an_inclusion_proof_shows_no_other_place_leaf_or_root(naive):
    for size in range(1, 20):
        leaves, root = LEAVES[:size], naive.root(LEAVES[:size])
        for index in range(size):
            proof = naive.path(index, leaves)
            others = [other for other in range(-1, size + 2) if other != index]
            assert all(refused(verify_inclusion, leaves[index], other, size, proof, root) for other in others)
            assert refused(verify_inclusion, LEAVES[99], index, size, proof, root)
            assert refused(verify_inclusion, leaves[index], index, size, proof, LEAVES[99])
            assert refused(verify_inclusion, leaves[index], index, size, [*proof, LEAVES[99]], root)
            assert refused(verify_inclusion, leaves[index][:31], index, size, proof, root)
            for at in range(len(proof)):
                changed = [*proof[:at], LEAVES[99], *proof[at + 1 :]]
                assert refused(verify_inclusion, leaves[index], index, size, changed, root)
                assert refused(verify_inclusion, leaves[index], index, size, proof[:at] + proof[at + 1 :], root)


def test_a_consistency_proof_shows_no_other_growth(naive):
    roots = [naive.root(LEAVES[:size]) for size in range(20)]
    for size2 in range(1, 20):
        for size1 in range(1, size2 + 1):
            proof = naive.proof(size1, LEAVES[:size2])
            old, new = roots[size1], roots[size2]
            assert refused(verify_consistency, size1, size2, proof, LEAVES[99], new)
            assert refused(verify_consistency, size1, size2, proof, old, LEAVES[99])
            assert refused(verify_consistency, size1, size2, [*proof, LEAVES[99]], old, new)
            for at in range(len(proof)):
                changed = [*proof[:at], LEAVES[99], *proof[at + 1 :]]
                assert refused(verify_consistency, size1, size2, changed, old, new)
                assert refused(verify_consistency, size1, size2, proof[:at] + proof[at + 1 :], old, new)


def test_an_inner_node_is_not_taken_for_a_leaf_of_a_smaller_tree(naive):
    root = naive.root(LEAVES[:4])
    inner = node_hash(LEAVES[0], LEAVES[1])
    verify_inclusion(inner, 0, 2, [node_hash(LEAVES[2], LEAVES[3])], root)  # so the size must be signed, too
    assert refused(verify_inclusion, inner, 0, 4, [node_hash(LEAVES[2], LEAVES[3])], root)
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != inner


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (-1, 5), (6, 5)])
def test_sizes_between_which_no_tree_grows_are_refused(size1, size2):
    with pytest.raises(FormatError, match="nothing proves"):
        verify_consistency(size1, size2, [], EMPTY_ROOT, EMPTY_ROOT)


def test_a_tree_is_consistent_with_itself_by_the_empty_proof_alone():
    verify_consistency(5, 5, [], LEAVES[0], LEAVES[0])
    assert refused(verify_consistency, 5, 5, [LEAVES[0]], LEAVES[0], LEAVES[0])
    assert refused(verify_consistency, 5, 5, [], LEAVES[0], LEAVES[1])
