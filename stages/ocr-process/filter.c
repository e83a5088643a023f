/*
 * The seccomp filter: BPF that was finished on the host side, loaded with
 * seccomp(2) and no library.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "process.h"
#include "sys.h"

/* linux.seccomp without a filter stops the start: a payload must never run with fewer checks than were asked for. */
struct sock_fprog *map_filter(const struct plan *plan, int fd)
{
    static struct sock_fprog program;
    struct stat st;
    if (!plan->linux || !plan->linux->seccomp)
        return NULL;
    at("/linux/seccomp");
    if (fd < 0)
        refuse(STATUS_USAGE, "the baton carries no bpf: ocr-seccomp, which makes the filter, was left out");
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
        refuse(STATUS_FAILED, "map the filter: it is not a sealed memfd");
    if (fstat(fd, &st) < 0)
        die("fstat", NULL, "map the filter");
    size_t size = (size_t)st.st_size, one = sizeof *program.filter;
    if (!size || size % one || size / one > BPF_MAXINSNS)
        refuse(STATUS_FAILED, "map the filter: %zu bytes are no BPF program that the kernel takes", size);
    program.len = (unsigned short)(size / one);
    program.filter = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (program.filter == MAP_FAILED)
        die("mmap", NULL, "map the filter");
    at("");
    return &program;
}

void load_filter(const struct plan *plan, const struct sock_fprog *filter)
{
    const struct plan_seccomp *seccomp = plan->linux->seccomp;
    unsigned flags = 0;
    for (uint32_t i = 0; i < seccomp->flags_len; i++)
        flags |= seccomp->flags[i];
    at("/linux/seccomp");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter) != 0)
        die("seccomp", NULL, "load the filter of %u instructions", filter->len);
    at("");
}
