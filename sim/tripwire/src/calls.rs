//! Functions with the names of the C library's: each takes note and hands on to the real one.
//!
//! Their types are those of the C library as far as a register goes: a pointer is a pointer to
//! anything. `open` and its kin take their last argument only with some flags; it is handed on
//! whether it is there or not, as the C library looks at it only if it is.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::{Resource, note};

type Any = *mut c_void;

unsafe extern "C" {
    fn dlsym(handle: Any, name: *const c_char) -> Any;
}

/// Where the C library has a function; looked up once.
struct Real {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Real {
    const fn new(name: &'static CStr) -> Self {
        Self { name, found: AtomicPtr::new(std::ptr::null_mut()) }
    }

    fn find(&self) -> Any {
        /// The next library that has it, after the one that asks.
        const RTLD_NEXT: Any = std::ptr::without_provenance_mut(usize::MAX);
        let found = self.found.load(Ordering::Relaxed);
        if !found.is_null() {
            return found;
        }
        // SAFETY: the handle is one that `dlsym` knows, and the name ends with a zero.
        let found = unsafe { dlsym(RTLD_NEXT, self.name.as_ptr()) };
        assert!(!found.is_null(), "the C library has no {:?}", self.name);
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Defines functions that take note of a resource and hand on.
macro_rules! watch {
    ($resource:ident: $(fn $name:ident($($argument:ident: $of:ty),*) -> $returned:ty;)*) => {$(
        /// Takes note, and hands on to the C library.
        ///
        /// # Safety
        /// As the C library's function of this name.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $of),*) -> $returned {
            type Function = unsafe extern "C" fn($($of),*) -> $returned;
            static REAL: Real = Real::new(
                match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name with a zero at its end"),
                }
            );
            note(Resource::$resource, stringify!($name));
            // SAFETY: this is the C library's function of that name, which has that type.
            let real = unsafe { std::mem::transmute::<Any, Function>(REAL.find()) };
            // SAFETY: the caller has promised what the C library's function asks for.
            unsafe { real($($argument),*) }
        }
    )*};
}

watch! { Clock:
    fn clock_gettime(clock: c_int, time: Any) -> c_int;
    fn gettimeofday(time: Any, zone: Any) -> c_int;
    fn time(time: Any) -> i64;
    fn nanosleep(span: Any, left: Any) -> c_int;
    fn clock_nanosleep(clock: c_int, flags: c_int, span: Any, left: Any) -> c_int;
}

watch! { Entropy:
    fn getrandom(bytes: Any, length: usize, flags: c_uint) -> isize;
    fn getentropy(bytes: Any, length: usize) -> c_int;
}

watch! { Thread:
    fn pthread_create(thread: Any, attributes: Any, start: Any, argument: Any) -> c_int;
    fn fork() -> c_int;
    fn posix_spawnp(
        process: Any, file: Any, actions: Any, attributes: Any, arguments: Any, environment: Any
    ) -> c_int;
}

watch! { Socket:
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn getaddrinfo(host: Any, service: Any, hints: Any, found: Any) -> c_int;
}

watch! { File:
    fn open(path: Any, flags: c_int, mode: c_uint) -> c_int;
    fn open64(path: Any, flags: c_int, mode: c_uint) -> c_int;
    fn openat(directory: c_int, path: Any, flags: c_int, mode: c_uint) -> c_int;
    fn openat64(directory: c_int, path: Any, flags: c_int, mode: c_uint) -> c_int;
}

watch! { Environment:
    fn getenv(name: Any) -> Any;
}
