"""What the dbt manifest says of each mart (marts.py)."""
