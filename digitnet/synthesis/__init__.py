"""Digits and other marks made by our own code and from open fonts, as additional training data."""
