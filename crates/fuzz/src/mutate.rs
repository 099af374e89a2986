//! Inputs from other inputs.

use std::collections::BTreeSet;

use crate::random::Random;

/// How often a part is repeated at most.
const MOST_REPEATS: usize = 4_000;
/// Texts at which parsers have their limits.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775808",
    "18446744073709551616",
    "1e400",
];
/// What means something in one of the languages, or is short of it.
const PIECES: [&str; 44] = [
    "'",
    "''",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [",
    "<?",
    "?>",
    "&#0;",
    "&#x10ffff;",
    "&",
    ";",
    ":",
    "=",
    ",",
    "/",
    "..",
    "%",
    "%2",
    "%00",
    "%27",
    "+",
    "-",
    "--",
    "\r\n",
    "\n\n",
    "\0",
    "\u{feff}",
    "細",
];

/// The words that seeds have.
#[derive(Clone, Debug, Default)]
pub struct Words {
    known: BTreeSet<Vec<u8>>,
    list: Vec<Vec<u8>>,
}

impl Words {
    /// Takes the words of a seed: runs of letters and digits, and the like.
    pub fn learn(&mut self, seed: &[u8]) {
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'.' | b'/');
        for word in seed.split(|byte| !is_part(byte)).filter(|word| (2..40).contains(&word.len())) {
            if self.known.len() < 1_000 && self.known.insert(word.to_vec()) {
                self.list.push(word.to_vec());
            }
        }
    }
}

/// One of the seeds, changed in one to eight places.
pub(crate) fn mutated(seeds: &[Vec<u8>], words: &Words, random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(seeds).cloned().unwrap_or_default();
    for _ in 0..=random.below(4).max(random.below(8).saturating_sub(4)) {
        change(&mut input, seeds, words, random);
    }
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &Words, random: &mut Random) {
    let at = random.below(input.len() + 1);
    let range = random.range(input.len());
    match random.below(12) {
        0 => flip(input, random),
        1 => set(input, random),
        2 => drop(input.drain(range)),
        3 => input.truncate(at),
        4 => insert(input, at, &[random.number() as u8]),
        5 | 6 => {
            let piece = random.pick(&PIECES).copied().unwrap_or_default();
            insert(input, at, piece.as_bytes());
        }
        7 => {
            let word = random.pick(&words.list).cloned().unwrap_or_default();
            input.splice(range, word);
        }
        8 => {
            let other = random.pick(seeds).map(Vec::as_slice).unwrap_or_default();
            let part = other[random.range(other.len())].to_vec();
            input.splice(range, part);
        }
        9 => {
            let part = input[range].to_vec();
            insert(input, at, &part);
        }
        10 => repeat(input, range, random),
        _ => number(input, random),
    }
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}

fn flip(input: &mut [u8], random: &mut Random) {
    let at = random.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn set(input: &mut [u8], random: &mut Random) {
    let at = random.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte = random.pick(&[0, 0x20, 0x7f, 0x80, 0xc3, 0xff]).copied().unwrap_or_default();
    }
}

/// Says a part again and again: what nests is nested deeply, what is listed gets long.
fn repeat(input: &mut Vec<u8>, range: std::ops::Range<usize>, random: &mut Random) {
    let times = if random.below(4) == 0 { random.below(MOST_REPEATS) } else { random.below(8) };
    let end = range.end;
    let part = input[range].repeat(times.min(super::MOST_BYTES / 8));
    insert(input, end, &part[..part.len().min(super::MOST_BYTES)]);
}

/// Puts another number where one is.
fn number(input: &mut Vec<u8>, random: &mut Random) {
    let digits: Vec<usize> = (0..input.len()).filter(|at| input[*at].is_ascii_digit()).collect();
    let Some(&start) = random.pick(&digits) else { return };
    let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let other = random.pick(&NUMBERS).copied().unwrap_or_default();
    input.splice(start..start + length, other.bytes());
}
