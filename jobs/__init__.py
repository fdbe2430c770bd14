"""What the clock does without anybody asking."""
