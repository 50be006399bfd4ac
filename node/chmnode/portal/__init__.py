"""What people read: pages in six languages, rendered on the server, without scripts.

Owns the pages, their words and their look (look.md). A page says what is known and how; it refuses to load anything
from elsewhere and to remember the visitor: the language comes from the address or the browser, never from a cookie.
"""

from chmnode.portal.pages import Portal

__all__ = ["Portal"]
