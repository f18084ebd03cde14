"""The mathematics of disclosure control, as pure matrices. Not here: what a column means."""
