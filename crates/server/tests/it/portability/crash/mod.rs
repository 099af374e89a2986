//! A unit that is killed in the middle of an export, an import, a move or change sets, again and again, and started again on
//! the same folder: nothing that was acknowledged is lost, a job comes to its end, and nothing is left lying about.

mod batch;
mod export;
mod import;
mod moving;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cell_data::CellData;
use super::client::Client;
use super::jobs::settled;
use super::process::TestUnit;
use super::random::Random;

/// How long a writer pauses between two writes.
const PAUSE: Duration = Duration::from_millis(2);

/// A Cell that takes long enough to be killed meanwhile.
const fn content(flavour: &'static str) -> CellData {
    CellData { flavour, files: 12, file_bytes: 1 << 20, notes: 2000 }
}

/// How often, and at which moments.
struct Rounds {
    count: u64,
    random: Random,
    /// How long such a job takes if it is left alone.
    typical: Duration,
    /// What the unit is told at each start.
    settings: &'static [(&'static str, &'static str)],
}

impl Rounds {
    /// As the environment says.
    fn new() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
        let now = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_micros());
        let seed = number("SAIBO_CRASH_SEED").unwrap_or_else(now);
        say(&format!("SAIBO_CRASH_SEED={seed}"));
        let count = number("SAIBO_CRASH_ROUNDS").unwrap_or(4);
        Self { count, random: Random::new(seed), typical: Duration::ZERO, settings: &[] }
    }

    /// The next moment: every other one somewhere in the job, the rest near its end, where what was made gets its
    /// name.
    fn moment(&mut self, round: u64) -> Moment {
        let moment = if round.is_multiple_of(2) {
            Moment::After(self.random.time(self.typical + self.typical / 5))
        } else {
            let scale = [2, 10, 50][self.random.below(3) as usize];
            Moment::AtItsEnd(self.random.time(Duration::from_millis(scale)))
        };
        say(&format!("round {round}: {moment:?}"));
        moment
    }

    /// Starts a unit that was killed; now and then it is killed again, while it takes up the job.
    fn start_again(&mut self, unit: &mut TestUnit) {
        unit.start_again(self.settings);
        while self.random.below(4) == 0 {
            let time = self.random.time(self.typical);
            say(&format!("and again after {time:?}"));
            std::thread::sleep(time);
            unit.kill();
            unit.start_again(self.settings);
        }
    }
}

#[allow(clippy::print_stdout, reason = "shown with a failed test, so that it can be run again")]
fn say(text: &str) {
    println!("{text}");
}

/// When a unit is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after the job was asked for, whether it was accepted by then or not.
    After(Duration),
    /// So long after its last phase began.
    AtItsEnd(Duration),
}

impl Moment {
    /// Asks for a job and waits for the moment, at which `kill` is called; whether the job was accepted.
    fn strike(self, client: &Client, path: &str, name: &str, kill: impl FnOnce()) -> bool {
        let (asking, asked, name) = (client.clone(), path.to_owned(), format!("{{\"Name\":\"{name}\"}}"));
        let json = [("Content-Type", "application/json")];
        let post = std::thread::spawn(move || asking.send("POST", &asked, &json, name.as_bytes()));
        let accepted = move || match post.join().unwrap() {
            Ok(reply) => reply.expect(202).status == 202,
            Err(_) => false,
        };
        match self {
            Self::After(time) => {
                std::thread::sleep(time);
                kill();
                accepted()
            }
            Self::AtItsEnd(time) => {
                let accepted = accepted();
                loop {
                    let status = client.get(path).expect(200).json();
                    if status["phase"] == "finishing" || status.get("phase").is_none() {
                        break;
                    }
                }
                std::thread::sleep(time);
                kill();
                accepted
            }
        }
    }
}

/// How long a job takes that is left alone.
fn time_of(client: &Client, path: &str, name: &str) -> Duration {
    let begun = std::time::Instant::now();
    client.post(path, &serde_json::json!({ "Name": name })).expect(202);
    assert_eq!(settled(client, path)["status"], "ready");
    begun.elapsed()
}
