//! For tests alone: fuzzing on the stable compiler, without instrumentation.
//!
//! A target is a closure that gets bytes and returns an *outcome*: what it made of them, in a coarse form, such as an
//! error's code. It panics where something is wrong. [`Fuzz`] gives it all seeds first, as they are, then mutations of
//! them. An input with an outcome that was not there before joins the seeds, which is the little guidance that is to be
//! had without instrumentation; so an outcome should have some dozens of values, not millions.
//!
//! Seeds are the files of a folder, `tests/corpus/{target}` of the crate that is tested. Whatever was found by fuzzing
//! and mended belongs there, too.
//!
//! A run in CI takes a fraction of a second and is the same each time. With `SAIBO_FUZZ_SECONDS` each target runs as
//! long as that, from a random beginning.

mod mutate;
mod random;

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

pub use mutate::Words;
pub use random::Random;

/// How many inputs a run in CI tries at most, and how long it takes at most.
const INPUTS: u64 = 20_000;
const TIME: Duration = Duration::from_millis(400);
/// How long one input may take. Far above what the slowest should, for a machine that has other things to do.
const TIME_OF_ONE: Duration = Duration::from_secs(5);
/// The stack that a request has.
const STACK: usize = 2 * 1024 * 1024;
/// How many seeds there may be, so that those from the corpus keep their weight.
const MOST_SEEDS: usize = 2_000;
/// The longest input.
const MOST_BYTES: usize = 64 * 1024;

/// A target and its seeds.
pub struct Fuzz {
    name: String,
    seeds: Vec<Vec<u8>>,
    words: Words,
}

impl Fuzz {
    /// The target of that name, with what `tests/corpus/{name}` of the crate has. `manifest` is
    /// `env!("CARGO_MANIFEST_DIR")`.
    ///
    /// # Panics
    /// Where there is no such folder.
    #[must_use]
    pub fn new(manifest: &str, name: &str) -> Self {
        let mut fuzz = Self { name: name.to_owned(), seeds: Vec::new(), words: Words::default() };
        for path in files(&Path::new(manifest).join("tests/corpus").join(name)) {
            let seed =
                std::fs::read(&path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display())));
            fuzz = fuzz.seed(seed);
        }
        fuzz
    }

    /// A target without a corpus.
    #[must_use]
    pub fn without_corpus(name: &str) -> Self {
        Self { name: name.to_owned(), seeds: Vec::new(), words: Words::default() }
    }

    /// Adds a seed.
    #[must_use]
    pub fn seed(mut self, seed: impl Into<Vec<u8>>) -> Self {
        let seed = seed.into();
        self.words.learn(&seed);
        self.seeds.push(seed);
        self
    }

    /// The same, where each line of a file of the corpus is a seed: for inputs that are short.
    #[must_use]
    pub fn by_line(self) -> Self {
        let lines = self.seeds.iter().flat_map(|seed| seed.split(|byte| *byte == b'\n')).map(<[u8]>::to_vec);
        let seeds = lines.filter(|line| !line.is_empty()).collect();
        Self { seeds, ..self }
    }

    /// Runs the target on a thread with the stack of a request.
    ///
    /// # Panics
    /// Where the target does, or takes too long; the message has the input.
    pub fn run<O: Hash>(self, target: impl FnMut(&[u8]) -> O + Send) {
        assert!(!self.seeds.is_empty(), "{}: no seeds", self.name);
        let ended = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, || self.run_here(target)).map(std::thread::ScopedJoinHandle::join)
        });
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => fail(&error.to_string()),
        }
    }

    fn run_here<O: Hash>(self, mut target: impl FnMut(&[u8]) -> O) {
        let Self { name, mut seeds, words } = self;
        let asked = std::env::var("SAIBO_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
        let last = asked.map(|_: u64| std::env::temp_dir().join(format!("saibo-fuzz-{name}")));
        let (mut random, begun) = (Random::new(asked.map_or(1, |_| now())), Instant::now());
        let mut outcomes = HashSet::new();
        let mut one = |input: &[u8]| {
            // A stack that overflows takes the process with it; then this is all that is left.
            if let Some(path) = &last {
                let _ = std::fs::write(path, input);
            }
            outcomes.insert(hash(&tried(&name, input, &mut target)))
        };
        for seed in &seeds {
            let _ = one(seed);
        }
        let mut count = 0_u64;
        let goes_on = |count| match asked {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => count < INPUTS && begun.elapsed() < TIME,
        };
        while goes_on(count) {
            count += 1;
            let mut input = mutate::mutated(&seeds, &words, &mut random);
            input.truncate(MOST_BYTES);
            if one(&input) && seeds.len() < MOST_SEEDS {
                seeds.push(input);
            }
        }
        if let Some(path) = last {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Debug for Fuzz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fuzz")
            .field("name", &self.name)
            .field("seeds", &self.seeds.len())
            .finish_non_exhaustive()
    }
}

/// What the target makes of an input.
fn tried<O>(name: &str, input: &[u8], target: &mut impl FnMut(&[u8]) -> O) -> O {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
    let shown = || format!("{name}: \"{}\"", input.escape_ascii());
    match outcome {
        Ok(outcome) if begun.elapsed() < TIME_OF_ONE => outcome,
        Ok(_) => fail(&format!("took {:?}: {}", begun.elapsed(), shown())),
        Err(panic) => fail(&format!("{}: {}", message(panic.as_ref()), shown())),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| fail(&format!("{}: {error}", folder.display())));
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    files
}

fn hash(outcome: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    outcome.hash(&mut hasher);
    hasher.finish()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}

#[cfg(test)]
mod tests;
