"""What an operator learns from one attempt: measures of it, live and after, and advice."""
