"""`python -m agent_os`."""

from agent_os.cli.main import main

main()
