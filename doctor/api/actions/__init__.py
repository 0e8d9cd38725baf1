"""The actions that a fixer can yield, a module for each kind. Each is data: a summary, a risk, a stage, and the steps it lowers to."""
