"""Products of radar interferometry, each with its own units, signs and nodata."""
