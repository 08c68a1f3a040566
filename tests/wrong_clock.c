/* A clock that is wrong: preloaded into a process, it puts the time of day forward or back, and no other clock.
 *
 * WRONG_CLOCK_FILE   eight bytes: by how many seconds the clock is off, a number that may change at any time
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t offset_s(void) {
    static volatile int64_t *mapped;
    if (mapped == NULL) {
        const char *name = getenv("WRONG_CLOCK_FILE");
        int descriptor = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return 0;
        void *found = mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, descriptor, 0);
        close(descriptor);
        if (found == MAP_FAILED) return 0;
        mapped = found;
    }
    return *mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int outcome = (int)syscall(SYS_clock_gettime, clock, now);
    if (outcome == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset_s();
    return outcome;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    if (now != NULL) *now = exact.tv_sec;
    return exact.tv_sec;
}
