/*
 * ocr-validate: config.json -> plan.
 *
 * Takes nothing; it is the first stage and makes the baton. Reads config.json
 * of a bundle, checks it against spec-schema/ and the rules between fields,
 * and compiles it to a plan in a sealed memfd. It is the only program that
 * parses JSON. Gives: plan, and bpf when the seccomp profile was compiled
 * before; when it was not, ocr-seccomp comes before NEXT. Alone it is a linter:
 * it tells every fault with its JSON pointer, and touches nothing. See
 * json_pointer (RFC 6901), memfd_create(2), the OCI runtime-spec's config.md.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baton.h"
#include "bpf-cache.h"
#include "error.h"
#include "sys.h"
#include "usage.h"
#include "validate.h"

static const char usage[] = "usage: ocr-validate [-b BUNDLE] [-c CONFIG] [--strict] [--print] [--preserve-fds N]\n"
                            "                    [--root DIR] [NEXT [ARG]...]\n"
                            "\n"
                            "Checks a bundle's config.json and compiles it to a plan.\n"
                            "\n"
                            "  -b, --bundle BUNDLE   the bundle's folder (.)\n"
                            "  -c, --config CONFIG   the config (config.json in the bundle); -: standard input\n"
                            "      --strict          also refuse fields that are unknown or that nothing acts on\n"
                            "      --print           print the plan as JSON\n"
                            "      --preserve-fds N  fds 3 to 3+N-1 are the container's (0)\n"
                            "      --root DIR        the folder of all containers' states (/run/ocr): compiled seccomp "
                            "filters are kept there\n";

struct options {
    const char *bundle, *config;
    char *root;
    bool print, strict;
    long preserve_fds;
};

static struct options parse(int argc, char **argv)
{
    enum { PRINT = 256, STRICT, PRESERVE, ROOT };
    static const struct option longs[] = {
        {"bundle", required_argument, NULL, 'b'}, {"config", required_argument, NULL, 'c'},
        {"print", no_argument, NULL, PRINT},      {"strict", no_argument, NULL, STRICT},
        {"help", no_argument, NULL, 'h'},         {"preserve-fds", required_argument, NULL, PRESERVE},
        {"root", required_argument, NULL, ROOT},  {NULL, 0, NULL, 0}};
    struct options o = {.bundle = "."};
    for (int option; (option = getopt_long(argc, argv, "+b:c:h", longs, NULL)) != -1;) {
        switch (option) {
        case 'b': o.bundle = optarg; break;
        case 'c': o.config = optarg; break;
        case PRINT: o.print = true; break;
        case ROOT: o.root = optarg; break;
        case STRICT: o.strict = true; break;
        case PRESERVE: o.preserve_fds = number_argument("--preserve-fds", optarg, 0, 1 << 16); break;
        default: usage_exit(usage, option == 'h');
        }
    }
    return o;
}

/*
 * A clean set of fds, whatever the caller left: 0 to 2 are open, so that no fd
 * of ours gets their numbers; all others but the preserved ones end with the
 * next execve.
 */
static void clean_fds(unsigned preserved)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            die("open", "/dev/null", "open /dev/null in place of closed fd %d", fd);
    for (unsigned fd = 3; fd < 3 + preserved; fd++)
        if (fcntl((int)fd, F_GETFD) < 0)
            die("fcntl", NULL, "--preserve-fds %u: fd %u", preserved, fd);
    if (sys_close_range(3 + preserved, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        die("close_range", NULL, "make the caller's fds close-on-exec");
}

/* Free for the caller to keep: the plan's image has no room for it before the config is loaded. */
static char *absolute(const char *path)
{
    char *real = realpath(path, NULL);
    if (!real)
        fail(STATUS_CONFIG, errno, "realpath", path, "find the bundle %s", path);
    return real;
}

static const char *join(const char *folder, const char *path)
{
    static char joined[PATH_MAX];
    int length = path[0] == '/' ? snprintf(joined, sizeof joined, "%s", path)
                                : snprintf(joined, sizeof joined, "%s/%s", folder, path);
    if (length >= (int)sizeof joined)
        refuse(STATUS_CONFIG, "%.100s...: the path is too long", path);
    return joined;
}

static const struct plan *compile(const struct options *o)
{
    struct plan *plan = image_begin();
    struct load_options how = {.strict = o->strict};
    const char *bundle = absolute(o->bundle);
    struct json_object *config = read_config(o->config ? o->config : join(bundle, "config.json"), &how);
    /* Nothing else is in the image yet: what is loaded first, the seccomp profile, is always at the same address. */
    load(plan, config, &how);
    plan->bundle = image_string(bundle, strlen(bundle));
    if (plan->root && plan->root->path) {
        const char *rootfs = join(bundle, plan->root->path);
        plan->rootfs = image_string(rootfs, strlen(rootfs));
    }
    check_rules(plan);
    return plan; /* json-c's memory ends with the process: taking it apart would be work for nobody */
}

/* The profile's BPF into the baton; when it is not kept from before, the stage that compiles it comes before NEXT. */
static char **with_filter(const struct plan *plan, char *root, char **next)
{
    if (!plan->linux->seccomp)
        return next;
    int bpf = bpf_cache_find(root, plan->linux);
    if (bpf >= 0) {
        debug("the seccomp filter is kept from before");
        baton_put("bpf", bpf);
        return next;
    }
    size_t length = 0, used = 0;
    while (next[length])
        length++;
    char **stages = calloc(length + 4, sizeof *stages);
    if (!stages)
        die("calloc", NULL, "put ocr-seccomp before %s", next[0]);
    stages[used++] = "ocr-seccomp";
    if (root) {
        stages[used++] = "--root";
        stages[used++] = root;
    }
    memcpy(stages + used, next, length * sizeof *stages);
    return stages;
}

int main(int argc, char **argv)
{
    stage_is("ocr-validate");
    struct options o = parse(argc, argv);
    char **next = argv + optind;
    if (*next)
        clean_fds((unsigned)o.preserve_fds);
    const struct plan *plan = compile(&o);
    if (*next && fault_count())
        faults_refuse();
    faults_print();
    if (fault_count())
        return STATUS_CONFIG;
    if (o.print)
        print_plan(plan);
    if (!*next)
        return 0;
    baton_make(3 + (int)o.preserve_fds);
    next = with_filter(plan, o.root, next); /* sealing the plan ends its mapping, so before that */
    baton_put("plan", image_seal());
    baton_pass(next);
}
