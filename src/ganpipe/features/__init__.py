"""Feature extractors: networks whose features and class scores stand for images."""
