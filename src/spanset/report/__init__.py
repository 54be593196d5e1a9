"""What a measurement looks like on paper."""
