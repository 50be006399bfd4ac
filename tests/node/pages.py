"""Pages as the tests read them: tags that match, words with the tag they stand in."""

from functools import cache
from html.parser import HTMLParser

from chmnode import resources
from chmnode.concepts import Concepts
from chmnode.portal.facts import Teller
from chmnode.portal.i18n import NAMES, load
from tests.node.strategies import CATALOGUE

READERS = load(NAMES)
ENGLISH = {"Accept-Language": "en"}
#: Elements without an end tag.
VOID = {"meta", "link", "br", "input", "path"}


class Page(HTMLParser):
    """What a page is made of; complains about tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.headings = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if data.strip():
            self.words.append((self.open[-1] if self.open else "", data.strip()))

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def text(self, tag=None):
        return " ".join(data for within, data in self.words if tag in {None, within})


@cache
def concepts():
    return Concepts.load(resources.folder("vocab"))


def teller(lang="en"):
    """Who tells records, without links."""
    return Teller(READERS[lang], CATALOGUE, concepts(), {})


async def page(client, path, **headers):
    """The response and the page at a path, as a browser asks for it."""
    response = await client.get(path, headers={"Accept": "text/html", **headers})
    return response, Page(await response.text())
