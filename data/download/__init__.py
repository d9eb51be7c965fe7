"""From a list of rows to a folder of crops, a manifest and a report.

run               the whole download; sets up the parts below
lists             the file of a list -> rows; with list_text, list_forms, list_cells
pending_rows      which rows must be requested
loop              reads rows, gives them to workers, records the results
host_scheduler    which row is requested next, so that no host gets too many requests
worker_pool       threads that fetch and store one row at a time
verify_and_store  bytes -> SHA-256 compared, cropped, written
placeholders      the rows that got a host's picture for what is gone
manifest          manifest.csv and report.json
verify, forget    check a folder against its journal; remove a person
portrait_source   the drawn portraits as a list
partitions        journals that a killed run of a cluster left behind
"""

from data.download.lists import count_rows, list_fingerprint, read_list, select
from data.download.manifest import MANIFEST, REPORT, Report, RunCounts, escape_formula
from data.download.run import download

__all__ = [
    "MANIFEST",
    "REPORT",
    "Report",
    "RunCounts",
    "count_rows",
    "download",
    "escape_formula",
    "list_fingerprint",
    "read_list",
    "select",
]
