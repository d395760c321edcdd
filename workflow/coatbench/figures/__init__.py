"""All figures, one module each."""
