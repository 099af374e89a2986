//! Exports and imports of a unit in a process of its own: killed at random moments, watched closely while others
//! write, and fed with files that are no good.
//!
//! | variable | does |
//! | - | - |
//! | `SAIBO_CRASH_ROUNDS` | how often a unit is killed in each test of [`crash`]; 4 if not set |
//! | `SAIBO_CRASH_SEED` | what the moments follow from; a failed test shows it |
//! | `SAIBO_POLLING_FULL` | `1`: [`polling`] with 600 MiB and 200,000 entities |

mod cancel;
mod cell_data;
mod client;
mod crash;
mod hostile;
mod jobs;
mod live;
mod polling;
mod process;
mod random;
mod reference;
mod uploads;
