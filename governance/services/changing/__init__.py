"""What people change about a proposal: reject it on the chain, edit it, ask for signatures."""
