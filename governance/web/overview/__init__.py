"""The pages of the whole: Home, treasury, tier, proposals, the public page."""
