"""The page of tools: what documents them, and a form to call each as its callers do."""
