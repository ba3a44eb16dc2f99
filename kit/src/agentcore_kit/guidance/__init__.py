"""What coding assistants and people are told of a repository and of the kit, made of what is there."""
