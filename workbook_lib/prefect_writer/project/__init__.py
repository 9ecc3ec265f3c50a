"""The project around the flows: modules, deployments, tests, guide."""
