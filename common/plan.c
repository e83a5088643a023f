#include "plan.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "error.h"
#include "sys.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

const struct plan *plan_map(int fd)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    /* Sealed against writing and shrinking: what is checked now stays true. */
    if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
        refuse(STATUS_FAILED, "map the plan: it is not a sealed memfd");
    if (fstat(fd, &st) < 0)
        die("fstat", NULL, "map the plan");
    if (st.st_size < (off_t)sizeof(struct plan_image) || st.st_size > PLAN_SIZE_MAX)
        refuse(STATUS_FAILED, "map the plan: it has %lld bytes", (long long)st.st_size);
    struct plan_image *image = mmap((void *)PLAN_ADDRESS, (size_t)st.st_size, PROT_READ,
                                    MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
    if (image == MAP_FAILED)
        die("mmap", NULL, "map the plan");
    if (memcmp(image->magic, PLAN_MAGIC, sizeof image->magic) != 0 || image->layout != PLAN_LAYOUT ||
        image->size > (uint64_t)st.st_size)
        refuse(STATUS_FAILED, "map the plan: it was made by another version of ocr-validate");
    return &image->plan;
}

void plan_unmap(void)
{
    munmap((void *)PLAN_ADDRESS, PLAN_SIZE_MAX); /* nothing else is there */
}

const struct plan_namespace *plan_namespace(const struct plan *plan, uint32_t type)
{
    for (uint32_t i = 0; plan->linux && i < plan->linux->namespaces_len; i++)
        if (plan->linux->namespaces[i].type == type)
            return &plan->linux->namespaces[i];
    return NULL;
}
