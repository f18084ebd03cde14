"""PAI, KS' personnel register: the positions of 1 December, one file a year."""
