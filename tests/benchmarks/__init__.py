"""Speed, as ratios measured side by side in one run (`make bench`). Not here: tests; nothing in this folder can fail CI."""
