"""Statistical disclosure control (metrics.md 10; README.md beside this): between built marts and publication.

`suppression` decides, `masking` makes the schema `served`, `attack` tries it, `protection` closes the loop.
"""
