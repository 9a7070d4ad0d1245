"""The search for a model under a target's budget: candidates race on folds, the best are measured as they would run."""
