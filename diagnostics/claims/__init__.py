"""The claim checker: reads what a text claims about the API, and judges each claim against a contract."""
