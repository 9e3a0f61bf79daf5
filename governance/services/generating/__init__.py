"""What an evaluation reads and weighs on its way to a proposal."""
