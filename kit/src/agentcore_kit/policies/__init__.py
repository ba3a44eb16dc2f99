"""The Cedar policies of a platform: which user may call which tool with which parameters."""
