//! Which names the API allows.
