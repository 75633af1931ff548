"""The command line: parses, composes, prints. Nothing else imports it."""
