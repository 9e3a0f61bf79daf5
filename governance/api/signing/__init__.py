"""Rejections and what people take away."""
