"""One rewrite a file, in the order of its ``ORDER``; ``graph.rewrite`` runs them and says what each changed."""
