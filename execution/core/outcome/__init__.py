"""What an execution came to, told to people: estimate against actual, and what happens next."""
