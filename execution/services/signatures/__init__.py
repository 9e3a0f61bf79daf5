"""Signatures beyond one owner's own: members of owner Safes, and who may be asked for what."""
