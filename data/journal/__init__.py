"""The outcome of each row of a list, kept in `DIR/journal.sqlite`.

journal    what can be noted and looked up
listing    the part of it about the lists: which rows each has; queries, how the database is asked
reading    a journal in a folder that may not be written to, or that another process works in
schema     the database file: its lock, its tables
outcomes   a row's outcome, and the line in which it is kept
"""

from data.journal.journal import FILE, PARTITIONS, Journal
from data.journal.outcomes import COLUMNS, ManifestLine, Outcome, Record, StoredCrop, outcome_of, record_of
from data.journal.reading import copied_journals, may_write, source_of
from data.journal.schema import LOCK

__all__ = [
    "COLUMNS",
    "FILE",
    "LOCK",
    "PARTITIONS",
    "Journal",
    "ManifestLine",
    "Outcome",
    "Record",
    "StoredCrop",
    "copied_journals",
    "may_write",
    "outcome_of",
    "record_of",
    "source_of",
]
