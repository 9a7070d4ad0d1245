"""Learners of operating modes, one file each: ``LEARNER`` turns features into the membership of modes."""
