"""The keys of a node: made once, found again, refused when something is wrong with them, and rotated."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chmnode.config import Config
from chmnode.identity import Identity, IdentityError
from chmnode.storage import LogStore
from chmsync.checkpoint import open_checkpoint
from chmsync.errors import FormatError
from chmsync.keys import PrivateKey
from chmsync.log import Sequencer
from chmsync.member import Member
from chmsync.proof import verify_document

ROLES = {"log", "record", "witness", "mirror", "message"}
ROOT = b"\x07" * 32
NOW = 1_767_225_600


@pytest.fixture
def config(folder):
    return Config.create(folder / "node", name="Kenya", base_url="https://chm.example.ke", governments=["KE"])


@pytest.fixture
def identity(config):
    return Identity.create(config)


def key_file(config, role):
    (found,) = (config.folder / "keys").glob(f"{role}-*.pem")
    return found


def rewrite(config, change):
    """Change the descriptor as an operator would, in an editor."""
    path = config.folder / "member.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def signers(sequenced):
    """The log keys whose signature the newest checkpoint carries."""
    return {vkey.public for vkey in sequenced.signers}


def test_a_new_node_has_five_keys_of_its_own_that_only_it_can_read(config, identity):
    keys = config.folder / "keys"
    assert {path.name.partition("-")[0] for path in keys.iterdir()} == ROLES
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert len({PrivateKey.from_pem(path.read_bytes()).public for path in keys.iterdir()}) == len(ROLES)


def test_a_key_file_is_named_by_the_beginning_of_its_public_key(config, identity):
    for path in (config.folder / "keys").iterdir():
        assert path.stem.endswith(f"-{PrivateKey.from_pem(path.read_bytes()).public.raw.hex()[:8]}")


def test_the_descriptor_says_who_the_node_is(config, identity):
    member = Member.parse((config.folder / "member.json").read_bytes())
    assert member == identity.member
    assert (member.did, member.origin) == ("did:web:chm.example.ke", "chm.example.ke/log")
    assert (member.name, member.kind, member.base_url) == ("Kenya", "national", "https://chm.example.ke")
    assert member.id_prefixes == ("https://chm.example.ke/records",)
    assert member.authority.governments == ("KE",)
    assert [key.start for key in (*member.vkeys, *member.record_keys)] == [0, 0]


def test_the_keys_are_those_that_the_descriptor_names(identity):
    member = identity.member
    assert [key.public for key in identity.log_keys] == [vkey.public for vkey in member.log_keys(0)]
    assert member.record_key(identity.record_key.method_id, 0) == identity.record_key.key.public
    assert (identity.witness.vkey, identity.mirror.vkey) == (member.witness_vkey, member.mirror_vkey)
    assert identity.message_key.public == member.message_key


def test_a_node_that_starts_again_is_the_same(config, identity):
    again = Identity.load(config)
    assert again.member == identity.member
    assert [key.public for key in again.log_keys] == [key.public for key in identity.log_keys]
    assert again.record_key.key.public == identity.record_key.key.public
    assert (again.witness.vkey, again.mirror.vkey) == (identity.witness.vkey, identity.mirror.vkey)


def test_what_the_record_key_signs_the_descriptor_verifies(identity):
    signed = identity.record_key.sign({"id": "x"}, "2026-01-01T00:00:00Z")
    assert (
        verify_document(signed, lambda method: identity.member.record_key(method, 0)) == identity.record_key.method_id
    )


def test_no_key_is_shown_by_accident(identity):
    assert "PRIVATE" not in repr(identity)
    assert identity.record_key.key.to_pem().split(b"\n")[1].decode() not in repr(identity)


def test_a_second_identity_is_refused_and_the_first_stays(config, identity):
    before = {path: path.read_bytes() for path in config.folder.rglob("*") if path.is_file()}
    with pytest.raises(IdentityError, match=r"member\.json is there already: this node has its keys"):
        Identity.create(config)
    assert {path: path.read_bytes() for path in config.folder.rglob("*") if path.is_file()} == before


def test_keys_without_a_descriptor_are_never_overwritten(config, identity):
    (config.folder / "member.json").unlink()
    with pytest.raises(IdentityError, match=r"keys is there already, but member\.json is not"):
        Identity.create(config)
    assert len(list((config.folder / "keys").iterdir())) == len(ROLES)


def test_a_missing_descriptor_is_refused(config):
    with pytest.raises(IdentityError, match=r"member\.json is missing: restore it"):
        Identity.load(config)


def test_a_damaged_descriptor_is_refused(config, identity):
    (config.folder / "member.json").write_text('{"did": ')
    with pytest.raises(IdentityError, match=r"member\.json is damaged .*: restore it from a backup"):
        Identity.load(config)


def test_a_descriptor_without_a_key_that_every_node_has_is_refused(config, identity):
    rewrite(config, lambda document: document.pop("witness_vkey"))
    with pytest.raises(IdentityError, match="lacks a key that every node has"):
        Identity.load(config)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_missing_key_is_named(config, identity, role):
    key_file(config, role).unlink()
    with pytest.raises(
        IdentityError, match=rf"keys/{role}-[0-9a-f]{{8}}\.pem, which member\.json asks for, is missing"
    ):
        Identity.load(config)


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("damage", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key_is_named(config, identity, role, damage):
    key_file(config, role).write_bytes(damage)
    with pytest.raises(IdentityError, match=rf"keys/{role}-[0-9a-f]{{8}}\.pem is damaged .*: restore it from a backup"):
        Identity.load(config)


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_key_that_is_not_the_one_the_descriptor_names_is_refused(config, identity, role):
    key_file(config, role).write_bytes(PrivateKey.generate().to_pem())
    with pytest.raises(IdentityError, match=rf"{role}-.* holds another key than member\.json names"):
        Identity.load(config)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(config, identity, mode):
    path = key_file(config, "record")
    path.chmod(mode)
    with pytest.raises(IdentityError, match=f"run `chmod 600 {path}`"):
        Identity.load(config)
    path.chmod(0o600)
    assert Identity.load(config).member == identity.member


def test_a_folder_of_keys_that_others_can_open_is_refused(config, identity):
    (config.folder / "keys").chmod(0o755)
    with pytest.raises(IdentityError, match=f"run `chmod 700 {config.folder / 'keys'}`"):
        Identity.load(config)


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        ("governments", '["KE"]', '["KE", "UG"]'),
        ("name", '"Kenya"', '"Uganda"'),
    ],
)
def test_settings_that_say_otherwise_than_the_descriptor_are_refused(config, identity, setting, old, new):
    path = config.folder / "node.toml"
    path.write_text(path.read_text().replace(f"{setting} = {old}", f"{setting} = {new}"))
    with pytest.raises(IdentityError, match=rf"`{setting}` is not the same in node\.toml and member\.json"):
        Identity.load(Config.load(config.folder))


def test_a_changed_address_is_to_be_put_back(config, identity):
    path = config.folder / "node.toml"
    path.write_text(path.read_text().replace('base_url = "https://chm.example.ke"', 'base_url = "https://new.example"'))
    with pytest.raises(IdentityError, match=r"put back https://chm\.example\.ke; the address of a node cannot change"):
        Identity.load(Config.load(config.folder))


@pytest.mark.parametrize("kind", ["stat", "read_bytes"])
def test_keys_of_another_user_are_not_called_missing(config, identity, monkeypatch, kind):
    """Root, who may run the tests, can read everything; so the refusal of the system is played."""
    true = getattr(Path, kind)

    def refused(path, *words, **options):
        if path.suffix == ".pem":
            raise PermissionError(13, "Permission denied", str(path))
        return true(path, *words, **options)

    monkeypatch.setattr(Path, kind, refused)
    with pytest.raises(IdentityError, match=r"cannot be read .*: run chm as its owner"):
        Identity.load(config)


@pytest.mark.parametrize("role", ["log", "record"])
def test_a_rotation_overlaps_the_old_key_with_the_new(config, identity, role):
    during = identity.rotate(role, 10)
    spans = during.member.vkeys if role == "log" else during.member.record_keys
    assert [(key.start, key.until) for key in spans] == [(0, None), (10, None)]
    assert Identity.load(config).member == during.member

    after = during.finish(role, 12, ROOT)
    spans = after.member.vkeys if role == "log" else after.member.record_keys
    assert [(key.start, key.until and key.until.size) for key in spans] == [(0, 12), (10, None)]
    assert spans[0].until.root == ROOT
    assert Identity.load(config).member == after.member


def test_records_are_signed_by_the_old_key_until_the_rotation_is_finished(identity):
    during = identity.rotate("record", 10)
    assert during.record_key.method_id == identity.record_key.method_id
    after = during.finish("record", 12, ROOT)
    assert after.record_key.method_id != identity.record_key.method_id
    assert after.member.record_key(identity.record_key.method_id, 11) == identity.record_key.key.public
    assert after.member.record_key(identity.record_key.method_id, 12) is None
    assert after.member.record_key(after.record_key.method_id, 12) == after.record_key.key.public


async def test_a_log_goes_on_through_a_rotation_of_its_key(database, config, identity):
    store = LogStore(database)
    origin = identity.member.origin

    async def checkpoint(node):
        await Sequencer(origin, node.log_keys, node.witness, store, lambda: NOW).recover()
        state = await store.load(origin)
        return open_checkpoint(state.note, origin, node.member.log_keys)

    (old,) = signers(await checkpoint(identity))
    during = identity.rotate("log", 0)
    assert len(during.log_keys) == 2
    assert {old} < signers(await checkpoint(during))
    opened = await checkpoint(during)
    after = during.finish("log", opened.checkpoint.size, opened.checkpoint.root)
    assert len(after.log_keys) == 1
    assert signers(await checkpoint(after)) >= {after.log_keys[0].public}


@pytest.mark.parametrize("role", ["witness", "mirror"])
def test_a_cosigner_key_is_replaced_at_once(config, identity, role):
    after = identity.rotate(role, 10)
    assert getattr(after, role).vkey != getattr(identity, role).vkey
    assert getattr(after.member, f"{role}_vkey") == getattr(after, role).vkey
    assert Identity.load(config).member == after.member


@pytest.mark.parametrize("role", ["log", "record"])
def test_a_second_rotation_waits_for_the_first(identity, role):
    with pytest.raises(IdentityError, match=f"a rotation of the {role} key is under way: finish it first"):
        identity.rotate(role, 10).rotate(role, 11)


@pytest.mark.parametrize("role", ["log", "record", "witness", "mirror"])
def test_what_was_not_begun_cannot_be_finished(identity, role):
    with pytest.raises(IdentityError, match=f"no rotation of the {role} key is under way"):
        identity.finish(role, 10, ROOT)


def test_a_key_cannot_end_before_its_successor_begins(identity):
    with pytest.raises(IdentityError, match="valid from 10, the old one cannot end at 9"):
        identity.rotate("log", 10).finish("log", 9, ROOT)


def test_a_node_can_rotate_again_and_again(config, identity):
    for size in (10, 20, 30):
        identity = identity.rotate("record", size).finish("record", size, ROOT)
    assert len(identity.member.record_keys) == 4
    assert Identity.load(config).record_key.method_id == identity.record_key.method_id


def test_a_kill_while_the_descriptor_is_written_leaves_the_old_one(config, identity):
    """A half-written draft beside it is neither read nor in the way."""
    (config.folder / "member.json.new").write_text('{"did"')
    assert Identity.load(config).member == identity.member
    assert Identity.load(config).rotate("mirror", 1).member == Identity.load(config).member


def test_a_folder_that_is_not_there_is_refused_readably(config):
    with pytest.raises(IdentityError, match="keys cannot be made: "):
        Identity.create(replace(config, folder=config.folder / "gone"))


def test_a_descriptor_whose_keys_have_all_ended_is_refused(config, identity):
    def end(document):
        document["record_keys"][0]["until"] = {"size": 5, "root": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="}

    rewrite(config, end)
    with pytest.raises(IdentityError, match=r"every record key in member\.json has ended"):
        Identity.load(config)


def test_two_roles_never_share_a_key(config, identity):
    """The descriptor itself refuses it, so no such identity can be loaded."""

    def share(document):
        document["message_key"] = document["record_keys"][0]["publicKeyMultibase"]

    rewrite(config, share)
    with pytest.raises(FormatError, match="make one for each"):
        Member.parse((config.folder / "member.json").read_bytes())
    with pytest.raises(IdentityError, match=r"member\.json is damaged .*make one for each"):
        Identity.load(config)
