use super::*;

#[test]
fn a_fault_that_takes_several_steps_is_found() {
    let found = catch_unwind(|| {
        Fuzz::without_corpus("steps").seed("a(b)c").seed("xyz").run(|input| {
            let depth = input.iter().filter(|byte| **byte == b'(').count().min(5);
            assert!(depth < 4 || !input.contains(&b'x'), "too deep");
            depth
        });
    });
    let panic = found.unwrap_err();
    let message = message(panic.as_ref());
    assert!(message.starts_with("too deep: steps: \""), "{message}");
}

#[test]
fn a_run_is_the_same_each_time() {
    let inputs = || {
        let (seeds, words) = (vec![b"one two".to_vec(), b"{3}".to_vec()], Words::default());
        let mut random = Random::new(1);
        (0..100).map(|_| mutate::mutated(&seeds, &words, &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(inputs(), inputs());
    assert!(inputs().iter().collect::<HashSet<_>>().len() > 80);
}

#[test]
fn nothing_seeded_is_left_out() {
    let mut seen = HashSet::new();
    let fuzz = Fuzz::without_corpus("lines").seed("a\nb\n\nc").by_line();
    fuzz.run(|input| {
        seen.insert(input.to_vec());
    });
    assert!([b"a", b"b", b"c"].into_iter().all(|line| seen.contains(line.as_slice())));
}
