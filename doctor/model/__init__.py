"""The values that flow through doctor: findings, outcomes, actions, steps, plans, reports. No I/O."""
