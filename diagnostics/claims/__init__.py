"""Claim check: finds what a text claims about the API and compares each claim with a contract."""
