"""What the lessons share: what they say and draw, and the pages that are made of it."""
