.PHONY: check test run conformance
check:
	.ci/run
test:
	.venv/bin/python -m pytest -n 2 --dist worksteal tests/unit tests/property tests/conformance
run:
	.venv/bin/station run
conformance:
	.venv/bin/python -m scripts.conformance_table
