"""The registers: what runs, what stands behind it, who may touch what, and the trail of it all."""
