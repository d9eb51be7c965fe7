"""The outcome of each row of a list, kept in `DIR/journal.sqlite`.

journal    what can be noted and looked up
schema     the database file: its lock, its tables
outcomes   a row's outcome, and the line in which it is kept
"""

from data.journal.journal import FILE, PARTITIONS, Journal
from data.journal.outcomes import COLUMNS, ManifestLine, Outcome, Record, StoredCrop, outcome_of, record_of
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
    "outcome_of",
    "record_of",
]
