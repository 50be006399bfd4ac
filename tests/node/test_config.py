"""The settings of a node: what `node.toml` may say, and what is said when it says something else."""

import tomllib
from dataclasses import fields
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chmnode.config import FILE, LANGUAGES, Config, ConfigError
from chmsync.limits import Limits

NAMED = {"name": "Centre d'échange du Kenya", "base_url": "https://chm.example.ke"}


def load(folder, text):
    (folder / FILE).write_text(text, encoding="utf-8")
    return Config.load(folder)


def least(**more):
    return "".join(f'{name} = "{value}"\n' for name, value in {**NAMED, **more}.items())


def test_two_settings_are_enough_and_the_others_have_sensible_values(folder):
    config = load(folder, least())
    assert (config.name, config.base_url) == (NAMED["name"], NAMED["base_url"])
    assert (config.kind, config.governments, config.database) == ("national", (), "sqlite:///chm.sqlite")
    assert (config.host, config.port, config.allow_private, config.mirror) == ("127.0.0.1", 8080, (), True)
    assert (config.harvest_seconds, config.languages, config.limits) == (900, LANGUAGES, Limits())


def test_names_of_the_protocol_follow_from_the_base_url(folder):
    config = load(folder, least(base_url="https://chm.example.org/tv"))
    assert (config.did, config.origin) == ("did:web:chm.example.org:tv", "chm.example.org/tv/log")


def test_a_node_that_is_created_is_loaded_with_the_same_settings(folder):
    settings = {
        "kind": "regional",
        "governments": ["KE", "EU"],
        "code": "EAST",
        "database": "postgresql:///chm?schema=east",
        "host": "::1",
        "port": 9090,
        "allow_private": ["10.20.0.0/16", "fd00::/8"],
        "mirror": False,
        "harvest_seconds": 60,
        "languages": ["en", "fr"],
        "limits": {"note_bytes": 1000, "connect_seconds": 2},
    }
    made = Config.create(folder / "new" / "node", **NAMED, **settings)
    assert Config.load(made.folder) == made
    assert made.governments == ("KE", "EU")
    assert made.allow_private == (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))
    assert made.limits == Limits(note_bytes=1000, connect_seconds=2.0)
    assert (made.kind, made.code, made.port, made.mirror, made.languages) == (
        "regional",
        "EAST",
        9090,
        False,
        ("en", "fr"),
    )


def test_the_file_names_every_setting_and_explains_it(folder):
    Config.create(folder, **NAMED)
    text = (folder / FILE).read_text("utf-8")
    settings = {field.name for field in fields(Config)} - {"folder", "limits"} | {
        field.name for field in fields(Limits)
    }
    shown = {line.removeprefix("#").partition(" = ")[0] for line in text.splitlines() if not line.startswith("# ")}
    assert settings <= shown
    assert all(paragraph.startswith("# ") for paragraph in text.split("\n\n"))


def test_a_default_in_the_file_takes_effect_when_its_mark_is_removed(folder):
    made = Config.create(folder, **NAMED)
    text = (folder / FILE).read_text("utf-8")
    bare = "".join(f"{line.removeprefix('#')}\n" for line in text.splitlines() if not line.startswith("# "))
    assert len(tomllib.loads(bare)["limits"]) == len(fields(Limits))
    assert load(folder, bare) == made


def test_the_file_is_for_its_owner_alone_since_it_may_hold_a_password(folder):
    Config.create(folder, **NAMED)
    assert (folder / FILE).stat().st_mode & 0o077 == 0


@given(
    name=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200).filter(str.strip)
)
def test_any_name_of_one_line_survives_the_file(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    assert Config.create(folder, **NAMED | {"name": name}).name == name


@pytest.mark.parametrize("name", ["", "  ", "Kenya\nUganda", "Kenya\x7f", "Kenya\ud800", "Kenya\u2028", "K" * 201])
def test_a_name_that_is_no_line_of_text_is_refused(folder, name):
    with pytest.raises(
        ConfigError, match=r"node\.toml: name: write one line of text in quotes, of 1 to 200 characters"
    ):
        Config.create(folder, **NAMED | {"name": name})


def test_a_second_node_in_one_folder_is_refused_and_the_first_stays(folder):
    Config.create(folder, **NAMED)
    before = (folder / FILE).read_bytes()
    with pytest.raises(ConfigError, match="is there already, nothing was changed: choose another folder"):
        Config.create(folder, name="Another", base_url="https://other.example.org")
    assert (folder / FILE).read_bytes() == before


def test_settings_that_are_refused_leave_no_file(folder):
    with pytest.raises(ConfigError):
        Config.create(folder / "node", **NAMED, kind="country")
    assert not (folder / "node").exists()


@pytest.mark.parametrize(
    ("base_url", "governments", "code"),
    [
        ("https://chm.example.ke", '["KE"]', "KE"),
        ("https://chm.example.ke", '["KE", "UG"]', "EXAMPLEKE"),
        ("https://chm.example.org/tv", "[]", "EXAMPLEORGTV"),
        ("https://www.example-centre.org", "[]", "EXAMPLECENTREORG"),
        ("http://localhost:8123", "[]", "LOCALHOST8123"),
    ],
)
def test_the_code_in_identifiers_is_the_only_government_or_comes_from_the_address(folder, base_url, governments, code):
    assert load(folder, least(base_url=base_url) + f"governments = {governments}\n").code == code


def test_on_ones_own_machine_the_port_is_that_of_the_address(folder):
    assert load(folder, least(base_url="http://localhost:8123")).port == 8123
    assert load(folder, least(base_url="http://localhost:8123") + "port = 9000\n").port == 9000


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("[limits]\nnote_byte = 1", "node.toml: [limits] note_byte is not a setting; did you mean note_bytes?"),
        ("harvest_second = 1", "node.toml: harvest_second is not a setting; did you mean harvest_seconds?"),
        ("[limit]\nnote_bytes = 1", "node.toml: limit is not a setting; did you mean limits?"),
        ('colour = "green"', "node.toml: colour is not a setting; there are name, base_url, kind, "),
        ('kind = "nationl"', "node.toml: kind: write one of national, regional, partner, central"),
        ('governments = "KE"', 'node.toml: governments: write a list of two-letter country codes: ["KE"]'),
        ('governments = ["Kenya"]', 'node.toml: governments: write a list of two-letter country codes: ["KE"]'),
        ('code = "ke"', "node.toml: code: write 1 to 32 capital letters and digits"),
        ('database = "mysql://x"', "node.toml: database: write sqlite:///FILE or postgresql://"),
        ("port = 0", "node.toml: port: write a whole number from 1 to 65535"),
        ("port = true", "node.toml: port: write a whole number from 1 to 65535"),
        ('port = "8080"', "node.toml: port: write a whole number from 1 to 65535"),
        ('host = ""', "node.toml: host: write an address or a host name"),
        ("mirror = 1", "node.toml: mirror: write true or false"),
        ('allow_private = "10.0.0.0/8"', "node.toml: allow_private: write a list of networks"),
        ('allow_private = ["10.0.0.1/8"]', "10.0.0.1/8 has host bits set"),
        ("allow_private = [10]", "node.toml: allow_private: write a list of networks"),
        ("languages = []", 'node.toml: languages: write a list of language codes: ["en", "fr"]'),
        ('languages = ["english"]', 'node.toml: languages: write a list of language codes: ["en", "fr"]'),
        ("limits = 3", "node.toml: limits: begin a table with [limits]"),
        ("[limits]\nnote_bytes = 1.5", "node.toml: [limits] note_bytes: write a whole number from 1"),
        ("[limits]\nconnect_seconds = 0", "node.toml: [limits] connect_seconds: write a number above 0"),
        ("[limits]\nidle_seconds = inf", "node.toml: [limits] idle_seconds: write a number above 0"),
        ("port = ", "node.toml is not TOML: Invalid value (at line 3"),
    ],
)
def test_a_slip_is_refused_with_its_mend(folder, line, sentence):
    with pytest.raises(ConfigError) as caught:
        load(folder, least() + line + "\n")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["name", "base_url"])
def test_a_setting_without_which_there_is_no_node_is_asked_for(folder, name):
    other = ({"name", "base_url"} - {name}).pop()
    with pytest.raises(ConfigError, match=f"node.toml: {name} is missing"):
        load(folder, f'{other} = "{NAMED[other]}"\n')


@pytest.mark.parametrize("base_url", ["http://chm.example.ke", "https://192.0.2.1", "https://chm.example.ke/", "chm"])
def test_an_address_that_can_have_no_identity_is_refused(folder, base_url):
    with pytest.raises(ConfigError, match=r"node\.toml: base_url: "):
        load(folder, least(base_url=base_url))


def test_a_folder_without_settings_is_no_node(folder):
    with pytest.raises(ConfigError, match=r"is no node folder.*chm init"):
        Config.load(folder)


def test_a_file_that_is_not_utf8_is_refused_readably(folder):
    (folder / FILE).write_bytes(least().encode("utf-16"))
    with pytest.raises(ConfigError, match=r"node\.toml cannot be read"):
        Config.load(folder)


def test_a_folder_that_cannot_be_made_is_refused_readably(folder):
    (folder / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        Config.create(folder / "file" / "node", **NAMED)
