"""The typer app, a module a command; bodies import late."""
