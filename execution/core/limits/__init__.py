"""What a policy lets an execution do on the chain: units of the role, price of gas."""
