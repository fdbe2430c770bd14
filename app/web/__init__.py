"""The pages and the API: what a person's browser or another system asks for, and what it is answered."""
