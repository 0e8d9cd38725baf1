"""Find, allow and load plugins. The built-in checks come the same way as anyone's."""
