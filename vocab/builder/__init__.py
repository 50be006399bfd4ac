"""Builds the vocabularies from the files in `vocab/sources`: no network, no clock, the same bytes every time."""
