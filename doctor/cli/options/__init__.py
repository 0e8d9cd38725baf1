"""Options and help of the commands."""
