"""The arm's safety layer: limiter, watchdog, dead-man and latched stop."""
