"""Pictures and the offline HTML page.

Each job has a module with its `sections`; `write_page` puts sections into one file. Nothing here
knows a domain: pictures are made of plain columns, records and summaries.
"""

from suite.report.page import Section, tally_table, write_page

__all__ = ["Section", "tally_table", "write_page"]
