"""Pictures and the offline HTML page."""
