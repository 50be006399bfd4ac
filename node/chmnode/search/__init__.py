"""Finding records: by words in any of their languages, by concepts, by facets."""
