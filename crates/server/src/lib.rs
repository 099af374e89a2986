//! The binary saibo: routes, configuration, command line, wiring.
