"""What checking processes are born with: the judge of record types, its vocabularies read, its labels compiled.

Imported by the process from which all checking processes are forked, and by nothing else: they share what is made here,
instead of each making it at the cost of some thousand records.
"""

from chmnode.ingest import make_schemas

make_schemas().prepare()
