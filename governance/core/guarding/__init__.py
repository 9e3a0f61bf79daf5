"""What is brought from outside, read strictly."""
