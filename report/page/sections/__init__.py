"""The sections of the page, a file each: from plain values to HTML, None where there is nothing to tell.

Each file also holds its limits, with the reason: a page of a hundred people must stay readable and small.
Neighbours: `report.page.render` puts them in order, `report.page.style_sheet` knows their classes.
"""
