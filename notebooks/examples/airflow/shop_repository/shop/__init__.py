"""What the shop's DAGs have in common."""
