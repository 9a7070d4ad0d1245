"""Decisions + verdicts -> feedback: labels for the next dataset, retrain requests."""
