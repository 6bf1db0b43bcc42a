"""The canonical workload against the real stack, beside a floor and a naive build: `make bench`."""
