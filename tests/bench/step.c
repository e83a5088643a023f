/*
 * step: a stage that does nothing.
 *
 *     step N [NEXT [ARG]...]
 *
 * Becomes itself N times more, and then NEXT; without NEXT it ends. With floor.c it tells what a walk costs in which no
 * stage has any work: see run.
 */
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    if (argv[1][0] > '0') {
        argv[1][0]--;
        execv("/proc/self/exe", argv);
    } else if (argv[2]) {
        execv(argv[2], argv + 2);
    } else {
        return 0;
    }
    return 127;
}
