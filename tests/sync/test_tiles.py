"""Tiles are named in one way, join up to the root, and give the proofs of RFC 6962."""

import hashlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmsync.checkpoint import Checkpoint, open_checkpoint
from chmsync.errors import FormatError, LogCode, LogRefused
from chmsync.keys import Vkey
from chmsync.merkle import EMPTY_ROOT, CompactRange, leaf_hash, root_of, verify_consistency, verify_inclusion
from chmsync.note import Note, cosignatures
from chmsync.tiles import (
    Bundle,
    Tile,
    authenticate,
    bundles_of,
    consistency_proof,
    consistency_tiles,
    decode_bundle,
    encode_bundle,
    inclusion_proof,
    inclusion_tiles,
    index_path,
    parse_index,
    parse_path,
    partial_width,
    records_path,
    root_from_tiles,
    root_tiles,
    tile_hashes,
    tiles_of,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]
SIZES = [*range(1, 71), 255, 256, 257, 511, 512, 513, 600, 1000]

tiles = st.builds(Tile, st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256))
bundles = st.builds(Bundle, st.integers(0, 2**55), st.integers(1, 256))


class Tree:
    """The tiles of a tree, made as the specification defines them: each hash from the leaves below it."""

    def __init__(self, size):
        self.leaves = LEAVES[:size]
        self.root = root_of(self.leaves)
        self.tiles = {tile: self.data(tile) for tile in tiles_of(size)}

    def data(self, tile):
        span = 256**tile.level
        first = tile.index * 256
        return b"".join(
            root_of(self.leaves[place * span : (place + 1) * span]) for place in range(first, first + tile.width)
        )


@pytest.fixture(scope="module")
def large():
    return Tree(70_000)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "000"), (1, "001"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_an_index_is_written_in_groups_of_three_digits(number, text):
    assert index_path(number) == text
    assert parse_index(text) == number
    assert records_path(number) == f"records/{text}"


@given(tiles | bundles)
def test_reading_a_written_path_gives_the_same_tile(tile):
    assert parse_path(tile.path()) == tile


@given(st.text(st.sampled_from("tile/ns.p0129x63"), max_size=30).map(lambda text: f"tile/{text}"))
def test_whatever_is_read_as_a_path_is_written_the_same(text):
    try:
        tile = parse_path(text)
    except FormatError:
        return
    assert tile.path() == text


def test_paths_are_those_of_the_specification():
    assert Tile(0, 1234, 5).path() == "tile/0/x001/234.p/5"
    assert Tile(63, 1234067, 256).path() == "tile/63/x001/x234/067"
    assert Bundle(0, 5).path() == "tile/entries/000.p/5"
    assert Bundle(273, 112).start == 69_888


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/X001/002",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/-01",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000\n",
        "tile/0/\N{ARABIC-INDIC DIGIT ZERO}00",
        "tile/0/../../000",
        "tile/entries/000.p/256",
        "tile/Entries/000",
        "tile/entries/" + "x001/" * 7 + "001",
    ],
)
def test_other_spellings_of_a_path_are_refused(path):
    with pytest.raises(FormatError):
        parse_path(path)


@pytest.mark.parametrize("members", [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_a_tile_that_no_tree_has_cannot_be_made(members):
    with pytest.raises(FormatError):
        Tile(*members)


@pytest.mark.parametrize("members", [(-1, 1), (0, 0), (0, 257)])
def test_a_bundle_that_no_log_has_cannot_be_made(members):
    with pytest.raises(FormatError):
        Bundle(*members)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_reading_a_written_bundle_gives_the_same_entries(leaves):
    assert decode_bundle(encode_bundle(leaves), len(leaves)) == leaves


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5), st.data())
def test_a_bundle_cut_short_lengthened_or_of_another_count_is_refused(leaves, data):
    whole = encode_bundle(leaves)
    for wrong in (whole[: data.draw(st.integers(0, len(whole) - 1))], whole + b"\0"):
        with pytest.raises(FormatError):
            decode_bundle(wrong, len(leaves))
    for width in (len(leaves) - 1, len(leaves) + 1):
        with pytest.raises(FormatError):
            decode_bundle(whole, width)


def test_an_entry_of_65535_bytes_is_the_longest_in_a_bundle():
    assert decode_bundle(encode_bundle([bytes(65_535)]), 1) == [bytes(65_535)]
    with pytest.raises(FormatError):
        encode_bundle([bytes(65_536)])


def test_a_tree_of_70000_has_the_tiles_of_the_specification():
    levels = {level: [tile for tile in tiles_of(70_000) if tile.level == level] for level in range(4)}
    assert [tile.width for tile in levels[0]] == [256] * 273 + [112]
    assert [tile.width for tile in levels[1]] == [256, 17]
    assert [tile.width for tile in levels[2]] == [1]
    assert levels[3] == []
    assert [partial_width(level, 70_000) for level in range(4)] == [112, 17, 1, 0]


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above():
    assert list(tiles_of(256)) == [Tile(0, 0, 256), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


def test_bundles_cover_the_entries_asked_for():
    assert list(bundles_of(300, 600)) == [Bundle(1, 256), Bundle(2, 88)]
    assert list(bundles_of(256, 300)) == [Bundle(1, 44)]
    assert list(bundles_of(0, 256)) == [Bundle(0, 256)]
    assert list(bundles_of(300, 300)) == [Bundle(1, 44)]
    assert list(bundles_of(256, 256)) == []


def test_a_tile_of_another_length_than_its_width_is_refused():
    assert tile_hashes(Tile(0, 0, 2), b"a" * 32 + b"b" * 32) == [b"a" * 32, b"b" * 32]
    for length in (0, 32, 63, 65, 96):
        with pytest.raises(FormatError):
            tile_hashes(Tile(0, 0, 2), bytes(length))


@pytest.mark.parametrize("size", SIZES)
def test_proofs_from_tiles_are_the_naive_ones(naive, size):
    tree = Tree(size)
    chance = random.Random(size)
    for place in range(size) if size <= 70 else chance.sample(range(size), 12):
        needed = {tile: tree.tiles[tile] for tile in inclusion_tiles(place, size)}
        assert inclusion_proof(place, size, needed) == naive.path(place, tree.leaves)
        needed = {tile: tree.tiles[tile] for tile in consistency_tiles(place + 1, size)}
        assert consistency_proof(place + 1, size, needed) == naive.proof(place + 1, tree.leaves)


def test_proofs_from_tiles_of_three_levels_verify(large):
    chance = random.Random(8)
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999, *chance.sample(range(70_000), 20)):
        needed = {tile: large.tiles[tile] for tile in inclusion_tiles(index, 70_000)}
        verify_inclusion(LEAVES[index], index, 70_000, inclusion_proof(index, 70_000, needed), large.root)
        size1 = index + 1
        needed = {tile: large.tiles[tile] for tile in consistency_tiles(size1, 70_000)}
        proof = consistency_proof(size1, 70_000, needed)
        verify_consistency(size1, 70_000, proof, root_of(LEAVES[:size1]), large.root)


def test_the_root_is_in_the_partial_tiles_alone(large):
    assert root_tiles(70_000) == (Tile(2, 0, 1), Tile(1, 1, 17), Tile(0, 273, 112))
    assert root_from_tiles(70_000, {tile: large.tiles[tile] for tile in root_tiles(70_000)}) == large.root
    assert root_tiles(0) == ()
    assert root_from_tiles(0, {}) == EMPTY_ROOT
    for size in SIZES:
        tree = Tree(size)
        assert root_from_tiles(size, {tile: tree.tiles[tile] for tile in root_tiles(size)}) == tree.root


def test_a_tile_that_is_needed_and_missing_is_named(large):
    with pytest.raises(FormatError, match=r"tile/1/001\.p/17 is needed"):
        root_from_tiles(70_000, {Tile(2, 0, 1): large.tiles[Tile(2, 0, 1)]})


def test_all_tiles_of_a_tree_are_authentic(large):
    authenticate(70_000, large.root, large.tiles)


def test_a_changed_hash_in_any_tile_is_found():
    tree = Tree(700)
    for tile, data in tree.tiles.items():
        for at in (0, len(data) - 1):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            with pytest.raises(FormatError):
                authenticate(700, tree.root, tree.tiles | {tile: changed})


def test_tiles_are_authentic_only_together_with_those_above():
    tree = Tree(700)
    top = {tile: tree.tiles[tile] for tile in root_tiles(700)}
    one = {Tile(0, 1, 256): tree.tiles[Tile(0, 1, 256)]}
    authenticate(700, tree.root, top)
    authenticate(700, tree.root, top | one)
    with pytest.raises(FormatError, match="needed"):
        authenticate(700, tree.root, one)


def test_tiles_of_another_tree_or_width_are_not_authentic():
    tree = Tree(700)
    with pytest.raises(FormatError, match="root"):
        authenticate(700, root_of(LEAVES[:699]), tree.tiles)
    for stray in (Tile(0, 2, 100), Tile(0, 3, 1), Tile(1, 1, 1), Tile(5, 0, 1)):
        with pytest.raises(FormatError, match="no tile of a tree"):
            authenticate(700, tree.root, tree.tiles | {stray: bytes(32 * stray.width)})


class Tessera:
    """The log of another implementation: 15 entries, a checkpoint at every size."""

    def __init__(self, vectors):
        self.folder = vectors / "c2sp-tlog-tiles/tessera-log"
        examples = json.loads((vectors / "c2sp-signed-note/examples.json").read_text())
        self.vkey = Vkey.parse(examples["verifiable"][1]["vkey"])

    def checkpoint(self, name):
        data = (self.folder / name).read_bytes()
        return open_checkpoint(data, self.vkey.name, lambda size: [self.vkey]).checkpoint

    def tile(self, tile):
        return (self.folder / tile.path()).read_bytes()

    def tiles(self, size):
        return {tile: self.tile(tile) for tile in tiles_of(size)}


@pytest.fixture(scope="module")
def tessera(vectors):
    return Tessera(vectors)


def test_the_tessera_log_verifies_at_every_size(tessera):
    for size in range(16):
        checkpoint = tessera.checkpoint(f"checkpoint.{size}")
        assert checkpoint.size == size
        authenticate(size, checkpoint.root, tessera.tiles(size))
        leaves = [leaf for bundle in bundles_of(0, size) for leaf in decode_bundle(tessera.tile(bundle), bundle.width)]
        hashes = [value for tile, data in tessera.tiles(size).items() for value in tile_hashes(tile, data)]
        assert list(map(leaf_hash, leaves)) == hashes
        assert CompactRange().extend(map(leaf_hash, leaves)).root() == checkpoint.root
    assert tessera.checkpoint("checkpoint") == tessera.checkpoint("checkpoint.15")


def test_the_tessera_log_grew_without_changing(tessera):
    checkpoints = [tessera.checkpoint(f"checkpoint.{size}") for size in range(16)]
    for new in checkpoints[1:]:
        for old in checkpoints[1 : new.size + 1]:
            proof = consistency_proof(old.size, new.size, tessera.tiles(new.size))
            verify_consistency(old.size, new.size, proof, old.root, new.root)


def test_the_bundles_of_the_tessera_log_are_written_as_it_wrote_them(tessera):
    for size in range(1, 16):
        data = tessera.tile(Bundle(0, size))
        assert encode_bundle(decode_bundle(data, size)) == data


class Sunlight:
    """A witness and a mirror of another implementation, cosigning checkpoints of one log."""

    ORIGIN = "rome2026h1.example.org"

    def __init__(self, vectors):
        self.witness = vectors / "c2sp-tlog-tiles/sunlight-witness"
        self.mirror = self.witness / "mirror"
        self.log = hashlib.sha256(self.ORIGIN.encode()).hexdigest()

    def vkey(self, description):
        return Vkey.parse(json.loads(description.read_text())["verifier_keys"][0])


@pytest.fixture(scope="module")
def sunlight(vectors):
    return Sunlight(vectors)


def test_the_sunlight_mirror_cosigned_the_tree_of_its_tiles(sunlight):
    mirrored = sunlight.mirror / sunlight.log
    note = Note.parse((mirrored / "checkpoint").read_bytes())
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == (sunlight.ORIGIN, 300)
    assert len(cosignatures(note, [sunlight.vkey(sunlight.mirror / "mirror.v0.json")])) == 1
    stored = {tile: (mirrored / tile.path()).read_bytes() for tile in tiles_of(300)}
    assert len(stored) == 3
    authenticate(300, checkpoint.root, stored)


def test_the_sunlight_witness_cosigned_beside_a_signature_of_unknown_type(sunlight):
    data = (sunlight.witness / sunlight.log / "checkpoint").read_bytes()
    note = Note.parse(data)
    witness = sunlight.vkey(sunlight.witness / "witness.v0.json")
    assert [(found.vkey, found.time) for found in cosignatures(note, [witness])] == [(witness, 1767139200)]
    assert [signature.name for signature in note.signatures] == [sunlight.ORIGIN, "witness.example.org"]
    assert note.encode() == data


def test_the_tree_of_the_sunlight_mirror_is_not_the_one_its_witness_saw(sunlight):
    seen = Checkpoint.parse(Note.parse((sunlight.witness / sunlight.log / "checkpoint").read_bytes()).text)
    stored = {tile: (sunlight.mirror / sunlight.log / tile.path()).read_bytes() for tile in tiles_of(300)}
    with pytest.raises(FormatError, match="root"):
        authenticate(seen.size, seen.root, stored)


def test_the_decoys_beside_the_sunlight_logs_are_bad_notes(sunlight):
    witness = sunlight.vkey(sunlight.witness / "witness.v0.json")
    for decoy in (sunlight.witness / "checkpoint", sunlight.mirror / "checkpoint"):
        with pytest.raises(LogRefused) as refusal:
            open_checkpoint(decoy.read_bytes(), sunlight.ORIGIN, lambda size: [witness])
        assert refusal.value.code is LogCode.BAD_NOTE


def test_the_entry_bundles_of_the_sunlight_mirror_are_compressed_and_no_bundles(sunlight):
    for bundle in bundles_of(0, 300):
        with pytest.raises(FormatError):
            decode_bundle((sunlight.mirror / sunlight.log / bundle.path()).read_bytes(), bundle.width)
