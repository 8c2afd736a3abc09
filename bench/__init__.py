"""`make bench`: every figure of speed in one table, measured in one run on this machine."""
