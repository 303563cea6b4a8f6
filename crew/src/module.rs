//! What a host in JavaScript calls, each in the thread that it is about.

#![expect(unsafe_code, reason = "names of exports; there is no unsafe block")]

use crate::shared::{fail, help, wants_help};

/// Helps until the host ends the thread.
#[unsafe(no_mangle)]
extern "C" fn crew_help() -> ! {
    help()
}

/// The thread has stopped within `crew_help`, and runs nothing any more.
#[unsafe(no_mangle)]
extern "C" fn crew_failed() {
    fail();
}

/// Whether there was work that threads are worth starting for.
#[unsafe(no_mangle)]
extern "C" fn crew_is_wanted() -> bool {
    wants_help()
}
