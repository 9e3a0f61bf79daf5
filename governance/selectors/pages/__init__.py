"""What pages show, as plain values: selectors that put several reads together for one reader."""
