"""Who recorded what, and what people decided about it afterwards."""
