"""What system tests stand on: clusters, the command under test, checks."""
