"""Shapes of what is answered. Input shapes are in `governance.api.serializers`."""
