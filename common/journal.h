/* Reading a container's journal. What its lines mean is in state.h, and journal_add there writes them. */
#ifndef JOURNAL_H
#define JOURNAL_H

/* Reads the journal of the container `id`, if it has one. Ends the program, before anything is done, unless every line
 * of it is one of ours. */
void journal_read(int state, const char *id);

/* How many lines were read. */
unsigned journal_lines(void);

/* What follows the word `kind` and a blank in the i-th line; NULL when the line is of another kind. */
const char *journal_entry(unsigned i, const char *kind);
#endif
