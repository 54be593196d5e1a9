"""spanset."""
