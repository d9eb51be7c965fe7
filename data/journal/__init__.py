"""What became of each row of a list, kept in `DIR/journal.sqlite`.

journal    the store: what is asked of it, and what it is told
schema     the database file: locked, opened, its tables
outcomes   a row's outcome, and the line that it is kept as
"""

from data.journal.journal import FILE, PARTITIONS, Journal, OutcomeStore
from data.journal.outcomes import Ended, ManifestLine, Outcome, StoredCrop

__all__ = ["FILE", "PARTITIONS", "Ended", "Journal", "ManifestLine", "Outcome", "OutcomeStore", "StoredCrop"]
