"""python -m gateway: the same as the command `airside`."""

from gateway.cli import main

main()
