"""Makes an ordered plan with its predicted result from findings. Changes nothing."""
