"""What a repository's own tests use: a pytest plugin, the tests before production, clients of running servers."""
