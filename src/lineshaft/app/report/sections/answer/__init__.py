"""What a task with an answer said of held-out rows; each part is data -> markup, or None where it has nothing."""
