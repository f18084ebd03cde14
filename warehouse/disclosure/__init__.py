"""Disclosure control (metrics.md 10; docs/disclosure.md): one step between the built marts and the publication.

`decide` writes one decision a cell to the schema `disclosure`; `mask` makes the schema `served` from the decisions.
"""

from warehouse.disclosure.decisions import Earlier, decide
from warehouse.disclosure.marts import Follow, Mart, marts_of
from warehouse.disclosure.masking import mask

__all__ = ["Earlier", "Follow", "Mart", "decide", "marts_of", "mask"]
