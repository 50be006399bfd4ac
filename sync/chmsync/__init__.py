"""CHM-Sync 1: the federation protocol of the clearing-house nodes."""
