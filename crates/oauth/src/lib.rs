//! Tokens, grants and passwords. Clock and keys are passed in.
