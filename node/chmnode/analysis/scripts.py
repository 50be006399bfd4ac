"""The scripts that a text is written in, as far as they decide by which stems it may be found."""

import re
import unicodedata
from enum import Enum
from typing import Final


class Script(Enum):
    """Scripts of the languages that have a stemmer, and all others."""

    LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
    CYRILLIC = re.compile("[\u0400-\u052f]")
    ARABIC = re.compile("[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c9]")
    OTHER = None


_NAMED: Final = tuple(script for script in Script if script is not Script.OTHER)


def scripts(text: str) -> tuple[Script, ...]:
    """Scripts of a text; `OTHER` where it has none of those named."""
    text = unicodedata.normalize("NFKC", text)
    return tuple(script for script in _NAMED if script.value.search(text)) or (Script.OTHER,)
