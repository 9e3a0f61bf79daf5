"""When to act: the rules that a policy states, what they look at, and what they remember."""
