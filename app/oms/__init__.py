"""The order brain: items, stock, reservations, orders. It has never heard of screens, associates or tasks."""
