"""Files: written whole or not at all, cached, downloaded and verified."""
