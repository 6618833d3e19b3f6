"""The composition root: it builds the parts from the settings and introduces them to each other."""
