"""Records: their types, checks, completion and JSON-LD, all read from the schema files."""
