# The examples, against a gateway of their own. Needs Node 20 or newer.
.PHONY: examples
examples:
	examples/run.sh
