"""What wallets are asked to sign."""
