//! The default backend: a SQLite database per Cell, blobs in files, an in-process bus.
