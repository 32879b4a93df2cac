"""From public hosts and the user's own folders to data/raw."""
