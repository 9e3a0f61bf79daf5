"""What the pages show of the whole: values, never rows to be changed."""
