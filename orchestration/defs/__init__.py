"""The assets in the order of the data's way: landing, feeds, models, publication; and what starts them (nightly)."""
