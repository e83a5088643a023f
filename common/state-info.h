/* What `ocr state` and `ocr list` tell about a container: the state of the OCI spec's runtime.md, with the members
 * rootfs, created and owner that engines know from other runtimes. */
#ifndef STATE_INFO_H
#define STATE_INFO_H
#include <limits.h>
#include <stdio.h>

#include "state.h"

struct state_info {
    const char *id;
    enum container_status status;
    pid_t pid; /* 0: none */
    char bundle[PATH_MAX], rootfs[PATH_MAX];
    char created[48];  /* RFC 3339 */
    char owner[64];    /* the user's name, or number when he has none */
    char *annotations; /* a JSON object; NULL: none. From malloc. */
};

/* Reads the state; NULL, or what is wrong with it. What is not there, as while it is created, is empty. */
const char *state_info(int state, const char *id, struct state_info *info);

/* As one JSON object, a member a line when `pretty`. */
void state_info_print(FILE *out, const struct state_info *info, bool pretty);
#endif
