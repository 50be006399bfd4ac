"""Finds the data folders: inside the package in a wheel, at their places in a checkout.

An editable install leaves a copy of both in site-packages, stale at once. It is never found from here, because the
package itself is imported from the checkout, which has no `data` folder.
"""

from importlib.resources import files
from pathlib import Path
from typing import Literal

Kind = Literal["schemas", "vocab", "demo"]

#: Where a checkout keeps what a wheel has under `data/`.
_IN_CHECKOUT = {"schemas": "schemas", "vocab": "vocab", "demo": "deploy/demo/import"}


def folder(kind: Kind) -> Path:
    """The folder of data of one kind."""
    packaged = Path(str(files("chmnode"))) / "data" / kind
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / _IN_CHECKOUT[kind]
