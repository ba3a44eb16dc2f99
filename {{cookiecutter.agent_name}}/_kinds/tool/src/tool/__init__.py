"""The tool server: what it offers is in `tools`, where its data comes from in `backend`."""
