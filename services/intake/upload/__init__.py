"""An upload becomes an import: its body streams into the file store while it is counted, then it is submitted; once, or not at all."""
