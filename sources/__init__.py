"""What arrives: one folder a source system, below it one folder a feed, each with its contract.
Knows nothing of DuckDB or Dagster, and computes nothing.
"""
