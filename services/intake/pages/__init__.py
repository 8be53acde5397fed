"""The pages: rendered here, from the same data as the API, for people who are signed in."""
