"""A source file becomes rows: its kind, encoding, delimiter and columns, then row after row in bounded memory. Pure: bytes in, values out."""
