"""Floor 5, the process: configuration, bootstrap, the HTTP door, metrics and the command line."""
