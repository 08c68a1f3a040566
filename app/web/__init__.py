"""Pages for people: templates and static files. Everything a page needs is served from here, so all work offline."""
