"""What the customer is told, when, and through what."""
