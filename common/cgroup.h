/*
 * Cgroups that exist: killing what is in them and removing them. For every
 * version and hierarchy alike; cgroups(7), the kernel's cgroup-v2.rst.
 *
 * Their paths come from journals and words. Before anything is done to one it
 * must prove to be a cgroup, and not the top of what is mounted: a wrong path
 * must not end every process of the machine, or remove an ordinary folder.
 */
#ifndef CGROUP_H
#define CGROUP_H
#include <stdbool.h>

/* The fd (O_RDONLY) of this cgroup's directory; -1 and errno when it is none (EXDEV: not in a cgroup file system;
 * EPERM: the top of one). */
int cgroup_open(const char *dir);

/* Sends the signal to all processes of the cgroup and of those below it. With SIGKILL it goes on until there are none
 * that a signal could still reach, also when they fork meanwhile, for some seconds at most. They may need a moment
 * more to be gone: cgroup_remove waits for that. */
void cgroup_kill(int dir, int signal);

/* Removes the cgroup if nothing is in it, in two system calls; true when it is gone or never was. */
bool cgroup_remove_empty(const char *dir);

/* Removes the cgroup and those below it; true when it is gone or never was. Waits some seconds at most for processes
 * that are dying; false and errno (EBUSY) when there still are some. A living one is never touched. */
bool cgroup_remove(const char *dir);
#endif
