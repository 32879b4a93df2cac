"""One HTML page with a generator that runs in it, and a report of the run that trained it."""
