/*
 * ocr-binds: opens on the host what a user namespace could not reach.
 *
 * Takes: plan. Makes a detached mount of the root file system and of the source
 * of every bind mount, with the attributes that the config asks for, as whoever
 * the caller is on the host. Gives: tree.root, and tree.N for /mounts/N.
 * Fails at: sources that don't exist, options that a bind mount can't have.
 * See open_tree(2).
 *
 * ocr-nsinit becomes this stage, and this one becomes ocr-nsinit again, when
 * the config has a user namespace. There the container's root is nobody
 * special on the host: it can't search a folder of another user's, and can't
 * take a mount out of a tree of the host's alone (user_namespaces(7): such
 * mounts are locked together). A detached mount made before has no such ties.
 */
#include <getopt.h>
#include <stdio.h>

#include "baton.h"
#include "bind.h"
#include "error.h"
#include "plan.h"
#include "usage.h"

static const char usage[] = "usage: ocr-binds NEXT [ARG]...\n"
                            "\n"
                            "Opens the root file system and the sources of bind mounts, for a user namespace.\n";

static char **parse(int argc, char **argv)
{
    static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option = getopt_long(argc, argv, "+h", longs, NULL);
    if (option != -1 || optind == argc)
        usage_exit(usage, option == 'h');
    return argv + optind;
}

int main(int argc, char **argv)
{
    stage_is("ocr-binds");
    char **next = parse(argc, argv), name[32];
    baton_take();
    const struct plan *plan = plan_map(baton_need("plan"));
    at("/root/path");
    baton_put("tree.root", root_tree(plan, true));
    for (uint32_t i = 0; i < plan->mounts_len; i++) {
        at("/mounts/%u", i);
        snprintf(name, sizeof name, "tree.%u", i);
        if (is_bind(&plan->mounts[i]))
            baton_put(name, bind_tree(plan, &plan->mounts[i], true));
    }
    at("");
    baton_pass(next);
}
