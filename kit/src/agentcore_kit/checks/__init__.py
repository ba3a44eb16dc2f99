"""What `make check`, `make lock` and `make setup` do besides installing: linters, requirement files, isolated tools."""
