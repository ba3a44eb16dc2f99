"""What a repository says of itself: its manifest, its environment files, and where it is."""
