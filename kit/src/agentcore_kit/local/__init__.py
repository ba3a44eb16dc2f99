"""What stands in on a laptop: the offline model, servers with reload, AWS emulators. No image imports it."""
