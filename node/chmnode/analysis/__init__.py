"""Words and concepts of texts in any language, the same for every database."""
