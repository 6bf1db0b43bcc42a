"""Prints the Debian package with this interpreter's C headers, if they are missing: for pyscard."""

import sys
import sysconfig
from pathlib import Path

if not Path(sysconfig.get_path("include"), "Python.h").exists():
    print("python{}.{}-dev".format(*sys.version_info[:2]))
