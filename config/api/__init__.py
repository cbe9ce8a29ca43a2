"""The API: JSON in, JSON out, strict about both. Errors have the shape of errors.json_error."""
