"""Statistical disclosure control (metrics.md 10; README.md beside this, docs/disclosure.md): from built marts to publication.

`suppression` decides, `masking` makes the schema `served`, `attack` tries it, `protection` closes the loop.
"""
