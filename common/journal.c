#include "journal.h"

#include <stdbool.h>
#include <string.h>

#include "error.h"
#include "state.h"

static struct {
    char text[256 << 10];
    char *line[1024];
    unsigned lines;
} journal;

static void refuse_line(const char *id, const char *line)
{
    refuse(STATUS_STATE,
           "the journal of container %s holds \"%.100s\", which is not of ocr: end its processes, remove its cgroups "
           "and then its state directory by hand",
           id, line);
}

static bool is_ours(const char *line)
{
    struct process process;
    return strncmp(line, "cgroup /", 8) == 0 || strncmp(line, "cgroup-parent /", 15) == 0 ||
           (strncmp(line, "walk ", 5) == 0 && process_parse(line + 5, &process)) ||
           (strncmp(line, "process ", 8) == 0 && process_parse(line + 8, &process));
}

void journal_read(int state, const char *id)
{
    journal.lines = 0;
    if (!state_read(state, "journal", journal.text, sizeof journal.text))
        return;
    char *line = journal.text;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (journal.lines == sizeof journal.line / sizeof *journal.line || !is_ours(line))
            refuse_line(id, line);
        journal.line[journal.lines++] = line;
    }
    /* A last line without its end was being written when the writer died: before what it stands for was done. */
    if (line + strlen(line) == journal.text + sizeof journal.text - 1)
        refuse_line(id, "more than there is room for");
}

unsigned journal_lines(void)
{
    return journal.lines;
}

const char *journal_entry(unsigned i, const char *kind)
{
    size_t length = strlen(kind);
    const char *line = journal.line[i];
    return strncmp(line, kind, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}
