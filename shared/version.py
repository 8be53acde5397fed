"""Which version this code is. Not what is installed: several versions' code may run with one set of packages."""

VERSION = "0.2.0"
