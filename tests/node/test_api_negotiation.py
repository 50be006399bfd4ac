"""What a client asks for and what it gets, as pure functions."""

import gzip
from hashlib import sha256

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from chmnode.api.caching import ByteCache
from chmnode.api.compression import compress
from chmnode.api.negotiation import HTML, JSON, JSON_LD, N_TRIPLES, TURTLE, coding, media_type, prefers_page
from chmnode.api.records import OFFERS

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON_LD),
        ("*/*", JSON_LD),
        (BROWSER, HTML),
        ("text/html, */*", HTML),
        ("application/ld+json", JSON_LD),
        ("application/json", JSON),
        ("application/json, application/ld+json;q=0.9", JSON),
        ("text/turtle", TURTLE),
        ("TEXT/Turtle; charset=utf-8", TURTLE),
        ("application/n-triples;q=0.5, text/turtle;q=0.4", N_TRIPLES),
        ("application/*;q=0.2, text/turtle;q=0.1", JSON_LD),
        ("text/html;q=0, */*", JSON_LD),
        ("image/png", None),
        ("*/*;q=0", None),
        ("not a header at all;;;", JSON_LD),
        ("text/html;q=7", HTML),
        ("x" * 5000, JSON_LD),
    ],
)
def test_the_most_wanted_form_of_a_record_is_chosen(accept, media):
    assert media_type(accept, OFFERS) == media


@pytest.mark.parametrize(
    ("accept", "page"),
    [(BROWSER, True), ("text/html", True), ("*/*", False), (None, False), ("application/ld+json", False)],
)
def test_only_those_who_ask_for_pages_are_refused_with_one(accept, page):
    assert prefers_page(accept) is page


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("br", None),
        ("gzip;q=0.5, identity", None),
    ],
)
def test_the_best_coding_that_a_client_takes_is_chosen(header, name):
    assert coding(header) == name


@given(st.text())
def test_no_header_makes_negotiation_fail(header):
    media_type(header, OFFERS)
    coding(header)


@given(st.binary(min_size=1).map(lambda part: part * 50), st.sampled_from(["gzip", "zstd"]))
def test_compressed_bytes_are_smaller_the_same_every_time_and_come_back(body, name):
    made = compress(body, name)
    assert made == compress(body, name)
    assert len(made) < len(body)
    if made:
        assert (gzip.decompress if name == "gzip" else zstd.decompress)(made) == body


def test_hashes_do_not_shrink_and_are_sent_as_they_are():
    tile = b"".join(sha256(bytes([n])).digest() for n in range(256))
    assert compress(tile, "gzip") == compress(tile, "zstd") == b""


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40)), max_size=60))
def test_a_cache_never_holds_more_than_its_limit(puts):
    cache = ByteCache(160)
    for name, size in puts:
        cache.put(str(name), "gzip", bytes(size))
        assert cache.held <= 160


def test_a_cache_lets_go_of_what_was_unused_for_longest():
    cache = ByteCache(80)
    for name in range(8):
        cache.put(str(name), "gzip", bytes(10))
    assert cache.get("0", "gzip") is not None
    cache.put("new", "gzip", bytes(10))
    assert cache.get("0", "gzip") is not None
    assert cache.get("1", "gzip") is None
    assert cache.get("new", "zstd") is None
