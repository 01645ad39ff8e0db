//! Randomness: the same on every replay, for ever.

use rand_core::Rng;

use crate::support::*;

workflow! {
    Drawing
    run |_, ctx, ()| () => Vec<String> {
        let mut random = ctx.random();
        let mut bytes = [0; 11];
        let mut drawn = vec![
            format!("{:#018x}", random.u64()),
            format!("{:#018x}", random.next_u64()),
            format!("{:#010x}", random.next_u32()),
            ctx.uuid().to_string(),
            random.below(6).to_string(),
            random.below(0).to_string(),
            random.below(u64::MAX).to_string(),
            random.f64().to_string(),
        ];
        random.fill_bytes(&mut bytes);
        drawn.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        drawn.push(format!("{:#018x}", ctx.random().u64()));
        Ok(drawn)
    }
}

/// Never change what is expected here: running workflows rely on it.
#[test]
fn a_run_draws_what_runs_of_its_id_have_always_drawn() {
    Scenario::of::<Drawing>(|| ()).start().check(expect![[r#"
        turn 1
            complete ["0xe6c7f65203a3bc0d","0xcf868bcbdaa80cb1","0x0719c35a","7c626901-315f-4cb1-aa98-9dc9000db5e6","3","0","14403419076908380371","0.3113815642205695","bec22ccb0da65f716a9a49","0xac5b105f95769808"]
    "#]]);
}

workflow! {
    Reset
    run |_, ctx, ()| () => Vec<u64> {
        let random = ctx.random();
        let mut drawn = vec![random.below(1000), random.below(1000)];
        ctx.sleep(seconds(1)).await?;
        drawn.extend([random.below(1000), random.below(1000)]);
        Ok(drawn)
    }
}

#[test]
fn a_reset_draws_anew_from_where_it_was() {
    let run = || Scenario::of::<Reset>(|| ());
    run().start().turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete [149,993,747,265]
    "#]]);
    // The part before is as it was; the part after begins as a run of the new id would.
    run().start().turn(|server| server.reset("new").fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete [149,993,11,46]
    "#]]);
    run().turn(|server| server.reset("new")).turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete [11,46,923,352]
    "#]]);
    // Of several resets, the last one counts.
    run().turn(|server| server.reset("other").reset("new")).turn(|server| server.fire("1")).check(expect![[r#"
        turn 1
            start_timer 1 1s
        turn 2
            complete [11,46,923,352]
    "#]]);
}

workflow! {
    Dice
    run |_, ctx, ()| () => Vec<u32> {
        let random = ctx.random();
        let mut counts = vec![0; 5];
        for _ in 0..50_000 {
            let face = usize::try_from(random.below(5)).expect("it is below 5");
            counts[face] += 1;
            let fraction = random.f64();
            assert!((0.0..1.0).contains(&fraction), "{fraction}");
        }
        Ok(counts)
    }
}

#[test]
fn all_numbers_below_a_bound_are_about_equally_likely() {
    let played = Scenario::of::<Dice>(|| ()).start().play_once();
    let counts = played.text.trim_matches(|c: char| c != '[' && c != ']').trim_matches(['[', ']']);
    let counts: Vec<u32> = counts.split(',').map(|count| count.parse().expect("a number")).collect();
    assert_eq!(counts.len(), 5);
    assert!(counts.iter().all(|count| (9_700..10_300).contains(count)), "{counts:?}");
}
