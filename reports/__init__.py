"""A module a report format: what a report says, in the words of its reader. Modules with a leading underscore are shared."""
