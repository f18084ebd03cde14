"""Attacks a publication as its reader could: elimination and linear programming over everything served (metrics.md 10).
Not here, and never read: the withheld values, or how disclosure control decides (warehouse/sdc/suppression).
"""
