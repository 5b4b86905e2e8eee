/* Makes the disk slow: sleeps four milliseconds before each fsync and fdatasync. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static const struct timespec nap = {0, 4000000};

int fsync(int fd) {
  nanosleep(&nap, 0);
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
  nanosleep(&nap, 0);
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
