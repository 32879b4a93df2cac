"""Pictures to translate from, computed from a prepared dataset."""
