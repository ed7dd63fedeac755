"""What leaves the product: rows for spreadsheets and programs, one run as a page, and the packet for a vendor's case."""
