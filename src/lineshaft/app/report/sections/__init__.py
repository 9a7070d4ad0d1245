"""The parts of the report, in the order of the page; each is data -> markup, or None where it has nothing."""
