"""How a component comes to AWS and stays well there: images, stacks, promotion, registry, monitoring."""
