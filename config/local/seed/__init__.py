"""The local treasury: who and what the demo, the scenarios and the tests start with."""
