//! Each call that is watched for is found, and does what it always does.
#![allow(clippy::redundant_closure)] // the line of the call is that of the closure
#![cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::collections::HashMap;
use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, ToSocketAddrs, UdpSocket};
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use perpetua_guard as _;
use perpetua_workflow::guard::{Violation, guarded};
use perpetua_workflow::unguarded;
use uuid::Uuid;

/// Does something as workflow code; what it returns, and how it is blamed.
#[track_caller]
fn found<R>(call: impl FnOnce() -> R) -> (R, Violation) {
    let (returned, violation) = guarded(call);
    (returned, violation.expect("it is found"))
}

/// Asserts that a call is found, in these words, in this file, with this to do instead.
#[track_caller]
fn assert_found<R>(call: impl FnOnce() -> R, did: &str, instead: &str) -> R {
    let (returned, violation) = found(call);
    assert!(violation.did.starts_with(did), "{violation:?}");
    assert!(violation.place.as_ref().is_some_and(|place| place.starts_with("tests/calls.rs:")), "{violation:?}");
    assert!(violation.instead.contains(instead), "{violation:?}");
    returned
}

/// A file of this test alone.
fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("guard-{name}"))
}

#[test]
fn clocks() {
    let before = Instant::now();
    let between = assert_found(|| Instant::now(), "read the clock (`Instant::now`)", "ctx.now()");
    assert!(before <= between && between <= Instant::now());
    let now = assert_found(|| SystemTime::now(), "read the clock (`SystemTime::now`)", "ctx.now()");
    assert!(now >= SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000));
    let (_sender, receiver) = mpsc::channel::<()>();
    let waited = assert_found(|| receiver.recv_timeout(Duration::from_millis(1)), "read the clock", "ctx.now()");
    assert_eq!(waited, Err(mpsc::RecvTimeoutError::Timeout));
}

#[test]
fn a_timer_of_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it can be built");
    let _context = runtime.enter();
    let timer = || drop(tokio::time::sleep(Duration::from_secs(1)));
    assert_found(timer, "used a timer of tokio (`tokio::time::sleep::sleep`)", "ctx.sleep(..)");
}

#[test]
fn randomness() {
    let mut bytes = [0; 32];
    assert_found(|| getrandom::fill(&mut bytes), "drew randomness of the process (`getrandom::", "ctx.random()")
        .expect("the system has randomness");
    assert_ne!(bytes, [0; 32]);
    let drawn = assert_found(|| Uuid::new_v4(), "drew randomness of the process (`uuid::", "ctx.uuid()");
    assert_ne!(drawn, Uuid::new_v4());
}

#[test]
fn sleep() {
    let before = Instant::now();
    assert_found(
        || thread::sleep(Duration::from_millis(2)),
        "blocked its thread to sleep (`thread::sleep`)",
        "ctx.sleep(..)",
    );
    assert!(before.elapsed() >= Duration::from_millis(2));
}

#[test]
fn threads() {
    let spawn = || thread::spawn(|| 7);
    let thread = assert_found(spawn, "started a thread (`thread::spawn`)", "ctx.spawn(..)");
    assert_eq!(thread.join().expect("it does not panic"), 7);
}

#[test]
fn the_environment() {
    let (path, violation) = found(|| env::var("PATH"));
    assert_eq!(path, env::var("PATH"));
    assert!(violation.did.ends_with(", of `PATH`)"), "{violation:?}");
    assert_found(
        || env::var_os("GUARD_HAS_NO_SUCH"),
        "read the environment (`env::var`, of `GUARD_HAS_NO_SUCH`)",
        "as an argument",
    );
}

#[test]
fn files() {
    let path = scratch("file");
    assert_found(|| fs::write(&path, "text"), "used the file system (`", "in an activity").expect("it is written");
    let (file, violation) = found(|| File::open(&path));
    let shown = path.to_string_lossy();
    assert!(violation.did.contains(&shown[..shown.len().min(80)]), "{violation:?}");
    let mut file = file.expect("it is there");
    // What is open already is not watched.
    let (text, violation) = guarded(|| {
        let mut text = String::new();
        file.read_to_string(&mut text).map(|_| text)
    });
    assert_eq!((text.expect("it can be read").as_str(), violation), ("text", None));
    assert!(assert_found(|| path.exists(), "used the file system (`", "in an activity"));
    assert_found(|| fs::remove_file(&path), "used the file system", "in an activity").expect("it was there");
    assert!(!path.exists());
    let folder = scratch("folder");
    assert_found(|| fs::create_dir(&folder), "used the file system", "in an activity").expect("it can be made");
    assert_found(|| fs::read_dir(&folder).map(drop), "used the file system", "in an activity").expect("it is there");
    assert_found(|| fs::remove_dir(&folder), "used the file system", "in an activity").expect("it is empty");
}

#[test]
fn the_network() {
    let listener = assert_found(|| TcpListener::bind("127.0.0.1:0"), "used the network", "in an activity");
    let address = listener.expect("there is a port").local_addr().expect("it has an address");
    let socket = assert_found(|| UdpSocket::bind("127.0.0.1:0"), "used the network", "in an activity");
    let connected =
        assert_found(|| socket.expect("it is bound").connect(address), "used the network", "in an activity");
    connected.expect("a datagram socket only keeps the address");
    let (addresses, violation) = found(|| ("localhost", 80).to_socket_addrs().map(Iterator::count));
    assert!(violation.did.ends_with(", of `localhost`)"), "{violation:?}");
    assert!(addresses.is_ok_and(|count| count > 0));
}

#[test]
fn processes() {
    let run = || Command::new("true").status();
    let status = assert_found(run, "started another process", "in an activity");
    assert!(status.expect("there is a program of this name").success());
}

/// A function of the user that is called by workflow code.
fn price() -> SystemTime {
    SystemTime::now()
}

#[test]
fn the_line_is_the_innermost_of_the_users_own() {
    let here = line!();
    let (_, violation) = found(|| (price(), price()));
    // Lines above: the body of `price`.
    assert_eq!(violation.place, Some(format!("tests/calls.rs:{}", here - 5)));
}

#[test]
fn the_first_of_several_is_reported_and_the_next_time_nothing() {
    let (_, violation) = found(|| {
        for _ in 0..1_000 {
            let _ = env::var("HOME");
            let _ = SystemTime::now();
        }
    });
    assert!(violation.did.starts_with("read the environment"), "{violation:?}");
    assert_eq!(guarded(|| ()).1, None);
}

#[test]
fn what_the_user_vouches_for_is_overlooked_and_nothing_else() {
    let (_, violation) = guarded(|| {
        unguarded(|| {
            let _ = (SystemTime::now(), env::var("HOME"));
        })
    });
    assert_eq!(violation, None);
    let (_, violation) = found(|| {
        unguarded(Instant::now);
        env::var("HOME")
    });
    assert!(violation.did.starts_with("read the environment"), "{violation:?}");
    // Also after a panic that left the exempt section.
    let (_, violation) = found(|| {
        let _ = catch_unwind(|| unguarded(|| panic!("on the way out")));
        SystemTime::now()
    });
    assert!(violation.did.starts_with("read the clock"), "{violation:?}");
}

#[test]
fn other_code_and_other_threads_are_not_watched() {
    let _ = SystemTime::now();
    let (go, gone) = mpsc::channel::<()>();
    let (did, done) = mpsc::channel();
    let other = thread::spawn(move || {
        gone.recv().expect("it is told to go");
        did.send((SystemTime::now(), env::var("HOME"))).expect("somebody listens");
    });
    let (_, violation) = guarded(|| {
        go.send(()).expect("it listens");
        let _ = done.recv().expect("it answers");
    });
    assert_eq!(violation, None);
    other.join().expect("it does not panic");
    let _ = SystemTime::now();
    assert_eq!(guarded(|| ()).1, None);
}

#[test]
fn hash_maps_are_never_reported() {
    for _ in 0..2 {
        let map = || HashMap::from([(1, 2)]);
        assert_eq!(thread::spawn(move || guarded(map).1).join().expect("it does not panic"), None);
    }
}

#[test]
fn a_panic_and_its_hook_are_not_reported() {
    let (_, violation) = guarded(|| catch_unwind(|| panic!("as it happens")));
    assert_eq!(violation, None);
    // It looks whether a backtrace is wanted.
    assert_eq!(guarded(std::backtrace::Backtrace::capture).1, None);
    assert_eq!(guarded(|| std::backtrace::Backtrace::force_capture().to_string()).1, None);
}

#[test]
fn what_logs_may_read_the_clock() {
    use tracing_subscriber::fmt::format::FmtSpan;
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).with_span_events(FmtSpan::FULL).finish();
    tracing::subscriber::with_default(subscriber, || {
        let (_, violation) = guarded(|| {
            let _span = tracing::info_span!("charge", order = 7).entered();
            tracing::info!("plain");
        });
        assert_eq!(violation, None);
        let (_, violation) = found(|| tracing::info!(now = ?SystemTime::now(), "with the time"));
        assert!(violation.did.starts_with("read the clock"), "{violation:?}");
    });
}
