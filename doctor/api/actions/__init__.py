"""Actions that a fixer can yield, one module per kind. Each is data: a summary, a risk, a stage, and the steps it lowers to."""
