"""Values used throughout doctor: findings, outcomes, actions, steps, plans, reports. No I/O."""
