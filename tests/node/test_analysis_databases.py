"""Tokens in the databases that hold them: FTS5 and tsvector read exactly the tokens that they were given."""

import apsw
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chmnode.analysis import GAP, TITLE, Analyzer
from chmnode.concepts import Concepts
from chmnode.resources import folder

ANALYZER = Analyzer(Concepts.load(folder("vocab")))
TOKENS = st.tuples(st.text(min_size=1, max_size=30), st.sampled_from(["en", "fr", "ru", "ar", "zh", "hi"])).map(
    lambda drawn: ANALYZER.tokens(*drawn)
)
DOCUMENTS = st.lists(TOKENS, min_size=1, max_size=4).map(
    lambda texts: [token for text in texts for token in (*text, GAP, *(TITLE + token for token in text))]
)


@pytest.fixture(scope="module")
def fts5():
    connection = apsw.Connection(":memory:")
    connection.execute("create virtual table words using fts5(tokens, tokenize = 'ascii')")
    connection.execute("create virtual table terms using fts5vocab(words, instance)")
    return connection


@pytest.fixture(scope="module")
def postgres(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        yield connection


@given(DOCUMENTS)
def test_fts5_reads_the_tokens_at_their_places(fts5, tokens):
    with fts5:
        fts5.execute("insert into words(tokens, rowid) values (?, 1)", (" ".join(tokens),))
        found = list(fts5.execute('select term from terms order by "offset"'))
        fts5.execute("delete from words where rowid = 1")
    assert [term for (term,) in found] == tokens


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS)
def test_a_tsvector_holds_the_tokens_at_their_places(postgres, tokens):
    literal = " ".join(f"{token}:{place}" for place, token in enumerate(tokens, 1))
    found = postgres.execute("select lexeme, positions from unnest(%s::tsvector)", (literal,)).fetchall()
    assert sorted((place, lexeme) for lexeme, places in found for place in places) == list(enumerate(tokens, 1))
