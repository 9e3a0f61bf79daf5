"""Which lots a decision takes."""
