"""What occurred, in order, and the messages that leave because of it."""
