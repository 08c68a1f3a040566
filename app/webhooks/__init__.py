"""One webhook over the wire: where it may go, and a signed exchange that ends in time. No database."""
