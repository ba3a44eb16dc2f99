"""What a platform team decides and sees over all repositories: approvals, use cases, catalog, onboarding, fleet."""
