#include "bpf-cache.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "fd.h"
#include "state.h"
#include "sys.h"

/* What must be equal besides the profile: another libseccomp knows other system calls, another machine has other
 * numbers for them. The kernel has no say in what the BPF is. */
struct header {
    char maker[64];
    uint64_t layout; /* PLAN_LAYOUT */
    uint64_t profile_size, bpf_size;
};

#define TEXT_OF(x) #x
#define VERSION_OF(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)
static const char maker[] = "ocr " VERSION " bpf 2 " TARGET
                            " libseccomp " VERSION_OF(SCMP_VER_MAJOR, SCMP_VER_MINOR, SCMP_VER_MICRO);

enum { PROFILE_SIZE_MAX = 256 << 10 }; /* a larger one is compiled each time; podman's has 25 KiB */

static struct header header_of(const struct plan_linux *linux, size_t bpf_size)
{
    struct header header = {.layout = PLAN_LAYOUT, .profile_size = linux->seccomp_size, .bpf_size = bpf_size};
    _Static_assert(sizeof maker <= sizeof header.maker, "the maker's name fits");
    memcpy(header.maker, maker, sizeof maker);
    return header;
}

/* FNV-1a over 64-bit words: what the plan allocates is a whole number of them. */
static uint64_t hash(const struct plan_linux *linux)
{
    uint64_t h = 0xcbf29ce484222325 ^ PLAN_LAYOUT;
    const uint64_t *word = (const uint64_t *)(const void *)linux->seccomp;
    for (size_t n = linux->seccomp_size / sizeof *word; n--; word++)
        h = (h ^ *word) * 0x100000001b3;
    return h ^ h >> 32;
}

/* Only root or we ourselves may have written it. */
static bool ours(const struct stat *st)
{
    return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & 022);
}

int bpf_memfd(const void *bpf, size_t size)
{
    int fd = memfd_create("ocr-bpf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && write(fd, bpf, size) == (ssize_t)size &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int bpf_cache_find(const char *root, const struct plan_linux *linux)
{
    static char text[sizeof(struct header) + PROFILE_SIZE_MAX + BPF_SIZE_MAX];
    char path[PATH_MAX];
    struct stat st;
    size_t before = sizeof(struct header) + linux->seccomp_size;
    if (linux->seccomp_size > PROFILE_SIZE_MAX || snprintf(path, sizeof path, "%s/@seccomp/%016llx", state_root(root),
                                                           (unsigned long long)hash(linux)) >= (int)sizeof path)
        return -1;
    OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !ours(&st) || st.st_size <= (off_t)before ||
        st.st_size > (off_t)(before + BPF_SIZE_MAX) || read(fd, text, (size_t)st.st_size) != st.st_size)
        return -1;
    size_t size = (size_t)st.st_size - before;
    struct header header = header_of(linux, size);
    if (memcmp(text, &header, sizeof header) != 0 ||
        memcmp(text + sizeof header, linux->seccomp, linux->seccomp_size) != 0)
        return -1;
    return bpf_memfd(text + before, size);
}

/* Opens the cache's folder, made when it is missing; -1 when it can't be used. */
static int folder_open(const char *root)
{
    struct stat st;
    if (!state_root_make(root))
        return -1;
    OWNED_FD states = open(state_root(root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (states < 0 || (mkdirat(states, "@seccomp", 0700) < 0 && errno != EEXIST))
        return -1;
    int fd = openat(states, "@seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && ours(&st))
        return fd;
    if (fd >= 0)
        close(fd);
    errno = EPERM;
    return -1;
}

/* Removes the oldest file when there is no room for one more; true if it did. */
static bool remove_oldest(DIR *entries)
{
    char oldest[NAME_MAX + 1] = "";
    struct timespec when = {0, 0};
    unsigned files = 0;
    struct stat st;
    rewinddir(entries);
    for (struct dirent *e; (e = readdir(entries));) {
        if (fstatat(dirfd(entries), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
            continue;
        if (files++ == 0 || st.st_mtim.tv_sec < when.tv_sec ||
            (st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec)) {
            when = st.st_mtim;
            snprintf(oldest, sizeof oldest, "%s", e->d_name);
        }
    }
    return files >= BPF_CACHE_FILES && unlinkat(dirfd(entries), oldest, 0) == 0;
}

/* What a killed ocr-seccomp left goes the same way as what is old. */
static void make_room(int folder)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (!entries)
        return; /* it only costs room */
    while (remove_oldest(entries))
        continue;
    closedir(entries);
}

const char *bpf_cache_keep(const char *root, const struct plan_linux *linux, const void *bpf, size_t size)
{
    char name[24], temporary[64];
    struct timespec now;
    if (linux->seccomp_size > PROFILE_SIZE_MAX)
        return "the profile is too large";
    OWNED_FD folder = folder_open(root);
    if (folder < 0)
        return strerror(errno);
    make_room(folder);
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, sizeof name, "%016llx", (unsigned long long)hash(linux));
    snprintf(temporary, sizeof temporary, ".%d.%ld.%ld", getpid(), (long)now.tv_sec, now.tv_nsec);
    OWNED_FD fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return strerror(errno);
    struct header header = header_of(linux, size);
    struct iovec parts[] = {{&header, sizeof header}, {linux->seccomp, linux->seccomp_size}, {(void *)bpf, size}};
    /* On the disk before it has its name: after a power cut there is a whole file or none. Of two that are made at
     * once the last one stays, and they are equal. */
    if (writev(fd, parts, 3) == (ssize_t)(sizeof header + linux->seccomp_size + size) && fdatasync(fd) == 0 &&
        renameat(folder, temporary, folder, name) == 0)
        return NULL;
    const char *why = strerror(errno);
    unlinkat(folder, temporary, 0);
    return why;
}
