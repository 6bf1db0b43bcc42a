"""The revisions, oldest first by their names. None is edited once it was released."""
