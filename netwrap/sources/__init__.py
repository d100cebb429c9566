"""Everything a host can be read from becomes sections: this machine, a capture, a session, a folder, an archive."""
