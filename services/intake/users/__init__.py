"""Who people are to intake, how they prove it, what they may do, and what they did."""
