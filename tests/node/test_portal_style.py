"""The style sheet: contrast of every pair of tokens, one set of tokens, small, mirrored, and loading nothing."""

import gzip
import re
from itertools import product
from pathlib import Path

import pytest

from chmnode.portal import frame

CSS = (Path(frame.__file__).parent / "static" / "portal.css").read_text()
#: Colours of text and of marks that carry meaning, and what they stand on.
TEXT = ("ink", "quiet", "leaf", "need", "offer", "good", "warn", "bad")
GROUNDS = ("paper", "surface")
MIXED = r"--([a-z-]+): color-mix\(in srgb, var\(--([a-z-]+)\) (\d+)%, var\(--([a-z-]+)\)\)"
TINTED = (
    *product(("ink", "quiet", "need", "warn"), ("need-tint",)),
    *product(("ink", "quiet", "offer"), ("offer-tint",)),
    *product(("ink", "quiet", "leaf"), ("leaf-tint",)),
    ("surface", "leaf"),
)


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def tokens(mode):
    """The colours of a scheme, as the style sheet gives them."""
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS.split(":root {")[mode + 1].split("}")[0]))
    for name, part, share, rest in re.findall(MIXED, CSS):
        found[name] = mixed(found[part], found[rest], int(share) / 100)
    return found


def mixed(one, other, share):
    """What `color-mix(in srgb, ...)` makes of two colours."""
    parts = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(mode):
    found = tokens(mode)
    for ink, ground in (*product(TEXT, GROUNDS), *TINTED):
        assert contrast(found[ink], found[ground]) >= 4.5, (ink, ground)
    # What bounds a field, and the outline of what has the focus; hairlines between rows carry no meaning.
    for mark, ground in product(("edge", "leaf"), GROUNDS):
        assert contrast(found[mark], found[ground]) >= 3, (mark, ground)


def test_both_schemes_have_the_same_roles_and_colours_stand_nowhere_else():
    light, dark = tokens(0), tokens(1)
    assert light.keys() == dark.keys()
    rules = CSS.split("@media print")[0]
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", rules)) == 2 * (len(light) - len(re.findall(MIXED, CSS)))
    assert not re.search(r"(?:rgb|hsl)a?\(", re.sub(r"box-shadow:[^;]*", "", CSS))


def test_every_token_that_is_used_is_given():
    assert set(re.findall(r"var\(--([a-z-]+)", CSS)) <= set(re.findall(r"--([a-z-]+):", CSS))


def test_arabic_mirrors_by_itself():
    sides = r"(?:margin|padding|border)-(?:left|right|top|bottom)|(?<![-\w])(?:left|right|top|bottom|width|height)\s*:"
    assert not re.search(sides, CSS)
    assert not re.search(r"text-align: (?:left|right)|float:", CSS)


def test_the_style_sheet_is_small_and_loads_nothing():
    assert len(gzip.compress(CSS.encode())) < 6_000
    assert "url(" not in CSS
    assert "@import" not in CSS


def test_nothing_moves_for_those_who_asked_for_less():
    moving = CSS.replace(re.search(r"@media \(prefers-reduced-motion: no-preference\) \{.*?\} \}", CSS)[0], "")
    assert not re.search(r"transition|animation", moving)
