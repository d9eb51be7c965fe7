"""A list of rows -> a folder of crops, a manifest and a report.

run               the whole download: sets up the parts below
lists             a list's file -> rows
pending_rows      which rows are still to be asked for
loop              reads rows, hands them out, collects what came of them
host_scheduler    which row is asked next, so that no host is asked too often
worker_pool       threads that fetch and store a row at a time
verify_and_store  bytes -> SHA-256 compared, cropped, written
manifest          manifest.csv and report.json
verify, forget    a folder hashed again; a person taken out
portrait_source   the portraits as a list and a web
partitions        journals that a cluster's killed run left behind
"""

from data.download.lists import read_list, select
from data.download.manifest import MANIFEST, REPORT, Report
from data.download.run import download

__all__ = ["MANIFEST", "REPORT", "Report", "download", "read_list", "select"]
