// LD_PRELOAD: fsync and fdatasync take as long as the file $KP_SLOW_DISK is there.
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_for_disk(void) {
  const char* const sign = getenv("KP_SLOW_DISK");
  while (sign != NULL && access(sign, F_OK) == 0) usleep(10000);
}

int fsync(int file) {
  wait_for_disk();
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  wait_for_disk();
  return (int)syscall(SYS_fdatasync, file);
}
