"""From findings to an ordered plan with its predicted result. Changes nothing."""
