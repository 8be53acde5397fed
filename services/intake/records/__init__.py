"""Records as people ask for them: by filters and words, page by page, as JSON and as a file."""
