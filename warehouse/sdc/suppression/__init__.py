"""What the house withholds: which sums it protects, the primary and the secondary rule. Not here: the attack."""
