"""DESCRIBE: what a learner writes, turned into requests for the sandbox."""
