"""The command `ganpipe`: one file a subcommand."""
