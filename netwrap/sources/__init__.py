"""Sources of a host, each read into sections: this machine, a capture, a session, a folder, an archive."""
