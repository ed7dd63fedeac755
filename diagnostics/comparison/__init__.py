"""Compares any two runs: what differs in their environment, inputs and findings, and what explains a new verdict."""
