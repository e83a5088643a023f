#include "baton.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "sys.h"

enum { TEXT_MAX = 16384, NAME_LENGTH_MAX = 24 };

static struct {
    int read, write; /* the two ends of the socketpair */
    unsigned fds, words_length;
    struct {
        char name[NAME_LENGTH_MAX];
        int fd;
    } fd[BATON_FDS_MAX];
    char words[TEXT_MAX / 2]; /* each ends with '\0' */
} baton;

/* A message, as it comes or goes. */
static char text[TEXT_MAX];

/* The failure of a stage after ocr-claim is undone by the program that undoes every container. */
static void hand_over_to_delete(enum status status)
{
    char number[8];
    snprintf(number, sizeof number, "%d", (int)status);
    baton_pass((char *[]){"ocr-delete", "--undo", number, NULL});
}

void baton_own_failures(void)
{
    fail_with(hand_over_to_delete);
}

/* OCR_BATON is part of the environment, which is not to be trusted: both must be sockets of this kind. */
static int socket_number(const char *start, char **end)
{
    long number = strtol(start, end, 10);
    int type = 0;
    socklen_t size = sizeof type;
    if (*end == start || number < 3 || number > 1 << 20 ||
        getsockopt((int)number, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
        refuse(STATUS_USAGE, "OCR_BATON is not two numbers of a SOCK_SEQPACKET socketpair");
    return (int)number;
}

static void find_socket(void)
{
    const char *numbers = getenv("OCR_BATON");
    if (!numbers)
        refuse(STATUS_USAGE, "no baton: OCR_BATON is not set; this stage comes after another one, as ocr(1) shows");
    char *end = NULL;
    baton.read = socket_number(numbers, &end);
    if (*end != ',')
        refuse(STATUS_USAGE, "OCR_BATON is not two numbers of a SOCK_SEQPACKET socketpair");
    baton.write = socket_number(end + 1, &end);
}

/* Gives a socket a number from `lowest` up, still close-on-exec. */
static int number_above(int fd, int lowest)
{
    int number = fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    if (number < 0)
        die("fcntl", NULL, "number the baton's socket above %d", lowest);
    close(fd);
    return number;
}

void baton_make(int lowest)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        die("socketpair", NULL, "make the baton's socket");
    baton.read = number_above(pair[0], lowest);
    baton.write = number_above(pair[1], lowest);
    char numbers[32];
    snprintf(numbers, sizeof numbers, "%d,%d", baton.read, baton.write);
    if (setenv("OCR_BATON", numbers, 1) < 0)
        die("setenv", NULL, "set OCR_BATON");
}

void baton_renew(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || dup3(pair[0], baton.read, O_CLOEXEC) < 0 ||
        dup3(pair[1], baton.write, O_CLOEXEC) < 0)
        die("socketpair", NULL, "make a socket of the host side's own");
    close(pair[0]);
    close(pair[1]);
}

static void keep_word(const char *word)
{
    size_t size = strlen(word) + 1;
    if (size > sizeof baton.words - baton.words_length)
        refuse(STATUS_FAILED, "the baton has no room for %.40s", word);
    memcpy(baton.words + baton.words_length, word, size);
    baton.words_length += (unsigned)size;
}

/* Sorts what a message held into fds and words. */
static void unpack(const int *fds, unsigned fds_len)
{
    unsigned used = 0;
    baton.words_length = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (strchr(line, '=')) {
            keep_word(line);
        } else if (used == fds_len) {
            refuse(STATUS_FAILED, "the baton names %s, but carries only %u fds", line, fds_len);
        } else {
            baton_put(line, fds[used++]);
        }
    }
    if (used != fds_len)
        refuse(STATUS_FAILED, "the baton carries %u fds, but names only %u", fds_len, used);
}

static void receive(int flags)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(BATON_FDS_MAX * sizeof(int))];
    } control;
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(baton.read, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | flags);
    if (length < 0)
        die("recvmsg", NULL, "take the baton");
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        refuse(STATUS_FAILED, "take the baton: the message was cut off (RLIMIT_NOFILE may be too low for it)");
    text[length] = '\0';
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c && (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS))
        refuse(STATUS_FAILED, "take the baton: the message is not one of ours");
    int fds[BATON_FDS_MAX];
    size_t bytes = c ? c->cmsg_len - CMSG_LEN(0) : 0;
    if (bytes)
        memcpy(fds, CMSG_DATA(c), bytes);
    unpack(fds, (unsigned)(bytes / sizeof(int)));
}

void baton_peek(void)
{
    find_socket();
    receive(MSG_PEEK);
}

void baton_take(void)
{
    find_socket();
    receive(0);
    /* From here to the next stage nothing of the walk may cross an execve(2), not even by a child's mistake. */
    fcntl(baton.read, F_SETFD, FD_CLOEXEC);
    fcntl(baton.write, F_SETFD, FD_CLOEXEC);
    int sync = baton_fd("sync");
    fail_to(sync);
    if (sync < 0 && baton_fd("state") >= 0)
        baton_own_failures();
    debug("takes the baton");
}

int baton_fd(const char *name)
{
    for (unsigned i = 0; i < baton.fds; i++)
        if (strcmp(baton.fd[i].name, name) == 0)
            return baton.fd[i].fd;
    return -1;
}

int baton_need(const char *name)
{
    int fd = baton_fd(name);
    if (fd < 0)
        refuse(STATUS_USAGE, "the baton carries no %s: a stage that comes before this one was left out", name);
    return fd;
}

int baton_out(const char *name)
{
    for (unsigned i = 0; i < baton.fds; i++) {
        if (strcmp(baton.fd[i].name, name) == 0) {
            int fd = baton.fd[i].fd;
            baton.fd[i] = baton.fd[--baton.fds];
            return fd;
        }
    }
    return -1;
}

void baton_put(const char *name, int fd)
{
    int old = baton_out(name);
    if (old >= 0)
        close(old);
    if (baton.fds == BATON_FDS_MAX)
        refuse(STATUS_FAILED, "the baton holds at most %d fds: no room for %s", BATON_FDS_MAX, name);
    snprintf(baton.fd[baton.fds].name, NAME_LENGTH_MAX, "%s", name);
    baton.fd[baton.fds++].fd = fd;
}

const char *baton_name(unsigned i, int *fd)
{
    if (i >= baton.fds)
        return NULL;
    *fd = baton.fd[i].fd;
    return baton.fd[i].name;
}

const char *baton_next_word(const char *word)
{
    const char *next = word ? word + strlen(word) + 1 : baton.words;
    return next < baton.words + baton.words_length ? next : NULL;
}

const char *baton_word(const char *key)
{
    size_t length = strlen(key);
    for (const char *word = NULL; (word = baton_next_word(word));)
        if (strncmp(word, key, length) == 0 && word[length] == '=')
            return word + length + 1;
    return NULL;
}

void baton_set_word(const char *key, const char *value)
{
    if (baton_word(key) || strchr(value, '\n'))
        refuse(STATUS_FAILED, "the baton's word %s can't be set", key);
    char word[TEXT_MAX / 2];
    if ((size_t)snprintf(word, sizeof word, "%s=%s", key, value) >= sizeof word)
        refuse(STATUS_FAILED, "the baton has no room for %s", key);
    keep_word(word);
}

static void queue(void)
{
    int fds[BATON_FDS_MAX];
    size_t length = 0;
    for (const char *word = NULL; (word = baton_next_word(word));)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", word);
    for (unsigned i = 0; i < baton.fds; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", baton.fd[i].name);
        fds[i] = baton.fd[i].fd;
    }
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof fds)];
    } control = {0};
    struct iovec part = {text, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (baton.fds) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(baton.fds * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(baton.fds * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, baton.fds * sizeof(int));
    }
    if (sendmsg(baton.write, &message, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR) < 0)
        die("sendmsg", NULL, "pass the baton");
}

/* The folder of the program that runs, through the kernel's own link; 0: unknown. */
static size_t own_folder(char *folder, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", folder, size - 1);
    if (length <= 0)
        return 0;
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return 0;
    slash[1] = '\0';
    return (size_t)(slash + 1 - folder);
}

void exec_program(const char *name, char *const argv[])
{
    int programs = baton_fd("programs");
    if (programs >= 0) {
        sys_execveat(programs, name, argv, environ, 0);
        return;
    }
    char path[4096];
    size_t length = own_folder(path, sizeof path - 64);
    if (length && snprintf(path + length, sizeof path - length, "%s", name) < 64)
        execv(path, argv);
}

/* A shell between two stages finds those that follow at the end of its PATH, also after ocr-pivot, when no path of the
 * host leads there. For that it inherits this one fd, of a folder that nothing can be written to; ocr-process ends it.
 */
static void put_programs_in_path(void)
{
    const char *path = getenv("PATH");
    char longer[4096];
    int programs = baton_fd("programs");
    int fd = programs < 0 ? -1 : fcntl(programs, F_DUPFD, baton.read);
    if (fd >= 0 &&
        snprintf(longer, sizeof longer, "%s:/proc/self/fd/%d", path ? path : "/usr/bin:/bin", fd) < (int)sizeof longer)
        setenv("PATH", longer, 1);
}

void exec_next(char **next)
{
    if (strncmp(next[0], "ocr-", 4) == 0 && !strchr(next[0], '/')) {
        exec_program(next[0], next);
    } else {
        put_programs_in_path();
        execvp(next[0], next);
    }
}

void baton_pass(char **next)
{
    if (!next[0])
        refuse(STATUS_USAGE, "no NEXT to pass the baton to");
    queue();
    fcntl(baton.read, F_SETFD, 0);
    fcntl(baton.write, F_SETFD, 0);
    exec_next(next);
    int error = errno;
    fcntl(baton.read, F_SETFD, FD_CLOEXEC);
    fcntl(baton.write, F_SETFD, FD_CLOEXEC);
    receive(0); /* so that there is one message again when the failure is handed over */
    fail(STATUS_FAILED, error, "execve", next[0], "execute %s", next[0]);
}

void baton_drop(void)
{
    close(baton.read);
    close(baton.write);
    unsetenv("OCR_BATON");
}
