"""``python -m backfolio`` is the installed command."""

from backfolio.cli import main

main()
