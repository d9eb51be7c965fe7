"""The sections of the page, a file each: from plain values to HTML, None where there is nothing to tell.

A table's limit stands in its file, with the reason; answers and units come cut to what there is room for.
"""
