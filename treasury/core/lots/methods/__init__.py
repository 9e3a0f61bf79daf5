"""Lot methods (AC-2, DE-31): which open lots one disposal takes. One file and one line in
`registry` each."""
