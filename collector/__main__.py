"""`python -m collector`: the same as the `collector` command."""

from collector.cli.main import main

main()
