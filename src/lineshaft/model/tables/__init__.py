"""Tables of independent rows: fronts that learners of numbers and of classes share."""
