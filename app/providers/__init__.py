"""One vendor a file behind small protocols. Vendor exceptions stop here, mapped to `app.domain.errors`."""
