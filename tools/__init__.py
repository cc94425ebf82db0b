"""Pure functions: no database, no environment, so they are tested without one."""
