"""Rules at which packets end: their places, their words, and those that only questions for addresses meet."""
