"""`arsverk trace`: from a served cell back to the source rows that make it, read from the restricted database.
Not here: the computation of the figures (dbt_project), or what is withheld (warehouse/sdc).
"""
