//! What a storage backend must do, as narrow traits, and the one contract suite that every backend passes.
