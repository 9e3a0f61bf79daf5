"""How the parts of a policy are said in words."""
