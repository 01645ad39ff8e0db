//! The stand-ins for functions of the C library.
//!
//! A function that is defined in the executable is found before the one of a shared library, by everything that is linked
//! into the executable and by `dlsym`. The C library itself calls its own. Each of these looks at a flag of its thread,
//! and calls the function that would have been found without it.
//!
//! They may be called from anywhere, also before `main` and while the standard library holds its locks, so they allocate
//! nothing, wait for nothing and look up nothing but the real function, once.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::transmute_copy;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{
    DIR, EAI_SYSTEM, ENOSYS, RTLD_NEXT, addrinfo, clockid_t, mode_t, pid_t, posix_spawn_file_actions_t,
    posix_spawnattr_t, pthread_attr_t, pthread_t, size_t, sockaddr, socklen_t, ssize_t, time_t, timespec, timeval,
};

use super::call::Call;
use super::record::note;

/// A function of the C library, found when it is first called.
struct Real {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Real {
    const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(null_mut()) }
    }

    /// Its address; null where this C library does not have it.
    fn address(&self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name ends with a zero byte; `RTLD_NEXT` means whatever comes after the executable.
        let found = unsafe { libc::dlsym(RTLD_NEXT, self.name.as_ptr()) };
        self.address.store(found, Ordering::Relaxed);
        found
    }
}

/// Says that the system does not have the call.
fn missing() -> c_int {
    // SAFETY: the address is that of this thread's error number, always valid and aligned.
    unsafe { *libc::__errno_location() = ENOSYS };
    -1
}

/// Keeps a call that names what it asks for.
///
/// # Safety
/// `text` is null or ends with a zero byte.
unsafe fn note_text(call: Call, text: *const c_char) {
    if text.is_null() {
        note(call, b"");
    } else {
        // SAFETY: it ends with a zero byte, as the caller promises.
        note(call, unsafe { CStr::from_ptr(text) }.to_bytes());
    }
}

/// Defines stand-ins: their signature, which is that of the C library; what they note; what they return where the C
/// library does not have them.
macro_rules! stand_ins {
    ($($name:ident($($argument:ident: $type:ty),* $(,)?) -> $returned:ty, $note:expr, $missing:expr;)*) => {
        /// Their names.
        pub(crate) const STAND_INS: &[&str] = &[$(stringify!($name)),*];
        $(
        // SAFETY: it has the signature and does the work of the function whose name it takes, by calling it.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $returned {
            static REAL: Real = Real::new({
                const NAME: &str = concat!(stringify!($name), "\0");
                match CStr::from_bytes_with_nul(NAME.as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name has no zero byte in it"),
                }
            });
            type Function = unsafe extern "C" fn($($type),*) -> $returned;
            // SAFETY: the caller keeps the promises that the C library asks for, texts among them.
            #[allow(unused_unsafe)]
            unsafe { $note };
            let address = REAL.address();
            if address.is_null() {
                return $missing;
            }
            // SAFETY: what has this name in the C library has this signature; pointers to functions and data are alike here.
            let function: Function = unsafe { transmute_copy(&address) };
            // SAFETY: the caller keeps the promises that the C library asks for.
            unsafe { function($($argument),*) }
        }
        )*
    };
}

stand_ins! {
    clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int, note(of_clock(clock), b""), missing();
    gettimeofday(time: *mut timeval, zone: *mut c_void) -> c_int, note(Call::Clock, b""), missing();
    time(time: *mut time_t) -> time_t, note(Call::Clock, b""), missing().into();

    getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t, note(Call::Randomness, b""), missing() as ssize_t;
    getentropy(buffer: *mut c_void, length: size_t) -> c_int, note(Call::Randomness, b""), missing();

    nanosleep(time: *const timespec, left: *mut timespec) -> c_int, note(Call::Sleep, b""), missing();
    clock_nanosleep(clock: clockid_t, flags: c_int, time: *const timespec, left: *mut timespec) -> c_int,
        note(Call::Sleep, b""), ENOSYS;
    sleep(seconds: c_uint) -> c_uint, note(Call::Sleep, b""), seconds;
    usleep(microseconds: c_uint) -> c_int, note(Call::Sleep, b""), missing();

    pthread_create(
        thread: *mut pthread_t,
        attributes: *const pthread_attr_t,
        begin: extern "C" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> c_int, note(Call::Thread, b""), ENOSYS;

    getenv(name: *const c_char) -> *mut c_char, note_variable(name), null_mut();
    secure_getenv(name: *const c_char) -> *mut c_char, note_variable(name), null_mut();

    // The mode is passed only where a file may be created. On these platforms it is in a register all the same, and what
    // is in the register is passed on unseen.
    open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, note_text(Call::File, path), missing();
    open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, note_text(Call::File, path), missing();
    openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, note_text(Call::File, path), missing();
    openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, note_text(Call::File, path), missing();
    opendir(path: *const c_char) -> *mut DIR, note_text(Call::File, path), null_mut();
    statx(folder: c_int, path: *const c_char, flags: c_int, mask: c_uint, buffer: *mut libc::statx) -> c_int,
        note_named(path), missing();
    access(path: *const c_char, mode: c_int) -> c_int, note_text(Call::File, path), missing();
    mkdir(path: *const c_char, mode: mode_t) -> c_int, note_text(Call::File, path), missing();
    rmdir(path: *const c_char) -> c_int, note_text(Call::File, path), missing();
    unlink(path: *const c_char) -> c_int, note_text(Call::File, path), missing();
    rename(from: *const c_char, to: *const c_char) -> c_int, note_text(Call::File, from), missing();
    readlink(path: *const c_char, buffer: *mut c_char, length: size_t) -> ssize_t, note_text(Call::File, path),
        missing() as ssize_t;
    realpath(path: *const c_char, resolved: *mut c_char) -> *mut c_char, note_text(Call::File, path), null_mut();

    socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int, note(Call::Network, b""), missing();
    connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int, note(Call::Network, b""), missing();
    getaddrinfo(
        node: *const c_char,
        service: *const c_char,
        hints: *const addrinfo,
        found: *mut *mut addrinfo,
    ) -> c_int, note_text(Call::Network, node), EAI_SYSTEM;

    fork() -> pid_t, note(Call::Process, b""), missing();
    posix_spawn(
        child: *mut pid_t,
        path: *const c_char,
        actions: *const posix_spawn_file_actions_t,
        attributes: *const posix_spawnattr_t,
        arguments: *const *mut c_char,
        environment: *const *mut c_char,
    ) -> c_int, note_text(Call::Process, path), ENOSYS;
    posix_spawnp(
        child: *mut pid_t,
        file: *const c_char,
        actions: *const posix_spawn_file_actions_t,
        attributes: *const posix_spawnattr_t,
        arguments: *const *mut c_char,
        environment: *const *mut c_char,
    ) -> c_int, note_text(Call::Process, file), ENOSYS;
}

/// Which kind of time a clock shows.
fn of_clock(clock: clockid_t) -> Call {
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => Call::Clock,
        _ => Call::Ticks,
    }
}

/// Keeps a look at a file, unless it is one that is open already and has no name here.
///
/// # Safety
/// `path` is null or ends with a zero byte.
unsafe fn note_named(path: *const c_char) {
    // SAFETY: a text has one byte at least, which may be the zero byte.
    if !path.is_null() && unsafe { *path } != 0 {
        // SAFETY: it ends with a zero byte, as the caller promises.
        unsafe { note_text(Call::File, path) };
    }
}

/// What the standard library itself asks for, whenever the first error, thread or backtrace of a process is made.
const OF_THE_LIBRARY: [&CStr; 3] = [c"RUST_BACKTRACE", c"RUST_LIB_BACKTRACE", c"RUST_MIN_STACK"];

/// Keeps a look at the environment.
///
/// # Safety
/// `name` is null or ends with a zero byte.
unsafe fn note_variable(name: *const c_char) {
    // SAFETY: it ends with a zero byte, as the caller promises.
    let of_the_library = !name.is_null() && OF_THE_LIBRARY.contains(&unsafe { CStr::from_ptr(name) });
    if !of_the_library {
        // SAFETY: as above.
        unsafe { note_text(Call::Environment, name) };
    }
}
