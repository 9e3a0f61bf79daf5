"""What people say before they let a proposal pass: read, asked, acknowledged, answered (G4)."""
