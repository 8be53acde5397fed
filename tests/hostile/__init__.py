"""Files made to do harm, what they became, and what is true of the reading of any bytes."""
