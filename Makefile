# A thin face of dev.py, which does the same where there is no make: `python dev.py demo`.
PYTHON ?= python3

.PHONY: demo test check bench fuzz faults audit clean
demo test check bench fuzz faults audit clean:
	$(PYTHON) dev.py $@ $(ARGS)
