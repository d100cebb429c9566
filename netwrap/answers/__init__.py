"""A host is asked, records are the answer; nothing runs here, nothing is printed."""
