"""Disclosure control (metrics.md 10; docs/disclosure.md): one step between the built marts and the publication.

`decisions.decide` writes one decision a cell to the schema `disclosure`; `masking.mask` makes the schema `served` from them.
"""
