"""`python -m suite` is the `suite` command."""

from suite.cli.main import main

main()
