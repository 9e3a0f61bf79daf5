"""What is one's own: wallets, second factor, sessions. And who may do what, for administrators."""
