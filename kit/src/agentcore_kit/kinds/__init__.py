"""What delivery and evaluation must know of each kind of component; the manifest's `kind` chooses one."""
