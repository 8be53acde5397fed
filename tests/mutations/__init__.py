"""The product, broken on purpose, one thing at a time: whether the tests would notice."""
