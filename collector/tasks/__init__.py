"""The task library: what may be demonstrated, as YAML files that people write."""
