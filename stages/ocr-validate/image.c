/* The plan's image: a memfd, mapped while it grows at the address at which every stage will map it. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "error.h"
#include "plan.h"
#include "sys.h"
#include "validate.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static int memfd = -1;
static struct plan_image *image;
static size_t used;

struct plan *image_begin(void)
{
    memfd = memfd_create("ocr-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memfd < 0)
        die("memfd_create", NULL, "make the plan");
    /* As large as it may get: pages that nobody touches cost nothing, and it is cut to size in the end. */
    if (ftruncate(memfd, PLAN_SIZE_MAX) < 0)
        die("ftruncate", NULL, "make the plan");
    image = mmap((void *)PLAN_ADDRESS, PLAN_SIZE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, memfd,
                 0);
    if (image == MAP_FAILED)
        die("mmap", NULL, "make the plan at its address");
    memcpy(image->magic, PLAN_MAGIC, sizeof image->magic);
    image->layout = PLAN_LAYOUT;
    used = sizeof *image;
    return &image->plan;
}

void *image_alloc(size_t size, size_t count)
{
    size_t bytes;
    if (__builtin_mul_overflow(size, count, &bytes) || bytes > PLAN_SIZE_MAX - used - 8)
        refuse(STATUS_CONFIG, "config.json needs a plan of more than %d bytes", PLAN_SIZE_MAX);
    void *start = (char *)image + used;
    used += (bytes + 7) & ~(size_t)7;
    return start; /* a new memfd is all zero bytes */
}

const char *image_string(const char *text, size_t length)
{
    return memcpy(image_alloc(1, length + 1), text, length);
}

size_t image_used(void)
{
    return used;
}

int image_seal(void)
{
    image->size = used;
    if (munmap(image, PLAN_SIZE_MAX) < 0 || ftruncate(memfd, (off_t)used) < 0)
        die("ftruncate", NULL, "cut the plan to size");
    /* F_SEAL_WRITE is refused while a writable mapping is left: the munmap above comes first. */
    if (fcntl(memfd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        die("fcntl", NULL, "seal the plan");
    return memfd;
}
