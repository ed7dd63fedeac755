"""Exports: run lists for spreadsheets and programs, one run as a page, and the support packet for a vendor's case."""
