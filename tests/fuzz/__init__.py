"""The whole API held against its own OpenAPI document by schemathesis."""
