/* A disk whose syncs are slow: preloaded into a process, it delays fsync and fdatasync.
 *
 * SLOW_FSYNC_BELOW   the folder whose files and folders are slow
 * SLOW_FSYNC_FILE    a file that holds the delay in seconds, read at every sync so that a test can change it
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_slow(int descriptor) {
    const char *below = getenv("SLOW_FSYNC_BELOW");
    char link[64], path[PATH_MAX];
    if (below == NULL) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    return strncmp(path, below, strlen(below)) == 0;
}

static void take_long(void) {
    const char *name = getenv("SLOW_FSYNC_FILE");
    double delay_s = 0;
    FILE *file = name == NULL ? NULL : fopen(name, "r");
    if (file == NULL) return;
    if (fscanf(file, "%lf", &delay_s) != 1) delay_s = 0;
    fclose(file);
    struct timespec left = {(time_t)delay_s, (long)((delay_s - (time_t)delay_s) * 1e9)};
    while (nanosleep(&left, &left) != 0) {}
}

int fsync(int descriptor) {
    if (is_slow(descriptor)) take_long();
    return (int)syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor) {
    if (is_slow(descriptor)) take_long();
    return (int)syscall(SYS_fdatasync, descriptor);
}
