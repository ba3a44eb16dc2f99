"""What follows from the manifest: the CloudFormation template, the consumers' policies, a page that describes it."""
