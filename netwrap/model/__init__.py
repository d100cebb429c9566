"""The model of a host, made from sections: namespaces, their tables, and the links between namespaces."""
