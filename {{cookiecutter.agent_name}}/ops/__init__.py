"""What people and pipelines do with this repository: `python -m ops VERB`, and the models of its YAML files."""
