"""The strings of the portal: what has to be translated, and the catalogues brought up to date.

`python -m chmnode.portal.strings` (`make strings`) reads the templates, the modules of the portal and the labels of the
schema files, and updates `locale/*.po`: new messages come in empty, those no longer used go. A test refuses a catalogue
that lacks one. No string is ever guessed (no fuzzy matches).
"""

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from chmnode import resources
from chmnode.portal.i18n import FOLDER, NAMES
from chmnode.records.catalogue import Catalogue
from chmnode.records.fields import Field

_METHODS: Final = [("**.py", "python"), ("**.html", "jinja2")]
_OPTIONS: Final = {"**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
#: No dates and no names, so that a file changes only when a message does.
_HEADER: Final = """\
{catalog.header_comment}
msgid ""
msgstr ""
"Language: {catalog.locale_identifier}\\n"
"Plural-Forms: {catalog.plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_KEYWORDS: Final[dict[str, Any]] = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}


def messages() -> Catalog:
    """Every message that the portal may show."""
    catalog = Catalog(project="chm-node", charset="utf-8")
    place = Path(__file__).parent
    found = extract_from_dir(place, _METHODS, _OPTIONS, keywords=_KEYWORDS)
    for file, _, message, _, _ in found:
        catalog.add(message, locations=[(f"portal/{Path(file).as_posix()}", None)])  # type: ignore[list-item]
    for label, schema in _labels(Catalogue.load(resources.folder("schemas"))):
        catalog.add(label, locations=[(schema, None)])  # type: ignore[list-item]
    return catalog


def _labels(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Labels in the schema files, each with the file that it is in."""
    for kind in catalogue.schemas.values():
        file = f"schemas/{kind.kebab}.schema.json"
        for label in (kind.label, kind.plural, *_field_labels(kind.fields)):
            yield label, file


def _field_labels(fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        yield field.label
        yield from (label for _, label in field.choices)
        yield from _field_labels(field.fields)


def updated(lang: str, template: Catalog) -> Catalog:
    """The catalogue of a language with exactly the messages there are, and the translations there were."""
    with (FOLDER / f"{lang}.po").open("rb") as file:
        before = read_po(file, locale=lang)
    after = Catalog(locale=lang, project="chm-node", charset="utf-8", fuzzy=False, header_comment=before.header_comment)
    for message in sorted((m for m in template if m.id), key=lambda message: str(message.id)):
        known = before.get(message.id if isinstance(message.id, str) else message.id[0])
        after.add(message.id, known.string if known else "", locations=sorted(set(message.locations)))
    return after


def written(catalog: Catalog) -> bytes:
    """A catalogue as its file."""
    text = BytesIO()
    write_po(text, catalog, width=110, include_lineno=False, omit_header=True)
    return _HEADER.format(catalog=catalog).encode() + text.getvalue()


def main() -> int:
    """Update the catalogues; 1 if one lacks translations."""
    template, lacking = messages(), 0
    for lang in NAMES:
        catalog = updated(lang, template)
        (FOLDER / f"{lang}.po").write_bytes(written(catalog))
        empty = [message.id for message in catalog if message.id and not all(_strings(message.string))]
        lacking += len(empty)
        sys.stdout.write(f"{lang}: {len(catalog)} messages, {len(empty)} to translate\n")
        sys.stdout.writelines(f"    {message!r}\n" for message in empty)
    return 1 if lacking else 0


def _strings(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (str(value or ""),)


if __name__ == "__main__":
    sys.exit(main())
