"""Reference feeds: peers' figures, Statistics Norway's tables, adopted targets, pilots, and printed figures."""
