"""One claim each, measured: `python -m bench.NAME [--quick]`."""
