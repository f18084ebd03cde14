"""What is kept: archive, restricted database, publications. Plain Python and DuckDB.
Not here: what a file must look like (sources), what is computed (dbt_project), when it runs (orchestration).
"""
